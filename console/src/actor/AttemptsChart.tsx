import { useMemo } from "react";
import type { ActorActivity } from "../api/types";
import type { Bucket } from "../shared/buckets";
import { bucketLabel } from "../shared/format";
import { LazyChart, TOOLTIP } from "../shared/LazyChart";
import { SEVERITIES, SEVERITY_INK } from "../shared/Severity";
import { reveal } from "../shared/text";
import { actor as t } from "../texts/actor";
import { type Attempts, attemptsOf, type Burst, zoneAt } from "./attempts";

// What is tried rarely is left to the list.
const MOST_KINDS = 12;
const ROW = 30;
const AXIS = 70;
const SMALLEST = 8;
const LARGEST = 26;

interface AttemptsChartProps {
  actor: string;
  activity: ActorActivity[];
  onPick: (bucket: Bucket) => void;
}

/** When and how often an actor tried what: a line for each attack, a disc as large as the attempts are many. */
export function AttemptsChart({ actor, activity, onPick }: AttemptsChartProps) {
  const attempts = useMemo(
    () => attemptsOf(activity, Date.now() / 1_000, zoneAt(activity[0]?.detectedAt ?? 0)),
    [activity],
  );
  const option = useMemo(() => optionOf(attempts), [attempts]);
  return (
    <LazyChart
      label={t.attemptsOfOverTime(
        actor,
        attempts.kinds.map(({ kind, count }) => `${kind} ${count}`).join(", "),
      )}
      height={AXIS + shownKinds(attempts).length * ROW}
      option={option}
      onPick={({ data }) => {
        const bucket = isDisc(data) ? attempts.buckets[data.value[0]] : undefined;
        if (bucket) onPick(bucket);
      }}
    />
  );
}

const shownKinds = ({ kinds }: Attempts) => kinds.slice(0, MOST_KINDS).map(({ kind }) => kind);

interface Disc {
  value: [bucket: number, kind: string];
  symbolSize: number;
  tip: string;
}

const isDisc = (data: unknown): data is Disc =>
  typeof data === "object" && data !== null && "value" in data && Array.isArray(data.value);

function optionOf(attempts: Attempts) {
  const { buckets, bursts } = attempts;
  const kinds = shownKinds(attempts);
  const size = (buckets[0]?.to ?? 0) - (buckets[0]?.from ?? 0) + 1;
  const most = Math.max(1, ...bursts.map(({ count }) => count));
  const disc = ({ at, kind, count }: Burst): Disc => ({
    value: [at, kind],
    // By area: twice as many look twice as much.
    symbolSize: SMALLEST + (LARGEST - SMALLEST) * Math.sqrt((count - 1) / Math.max(1, most - 1)),
    tip: `${reveal(kind)}\n${t.attempt(count)}\n${span(buckets[at])}`,
  });
  return {
    grid: { left: 8, right: 20, top: 8, bottom: 34, containLabel: true },
    legend: { bottom: 0, itemWidth: 10, itemHeight: 10, textStyle: { fontSize: 11 } },
    tooltip: { ...TOOLTIP, formatter: ({ data }: { data: Disc }) => data.tip },
    xAxis: {
      type: "category",
      data: buckets.map(({ from }) => bucketLabel(from, size)),
      axisTick: { show: false },
      axisLabel: { hideOverlap: true, fontSize: 11 },
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: kinds,
      axisTick: { show: false },
      splitLine: { show: true },
      axisLabel: {
        fontSize: 11,
        width: 130,
        overflow: "truncate",
        formatter: (kind: string) => reveal(kind),
      },
    },
    series: SEVERITIES.map((severity) => ({
      type: "scatter",
      name: severity,
      itemStyle: { color: SEVERITY_INK[severity], opacity: 0.85 },
      data: bursts.filter((burst) => burst.severity === severity && kinds.includes(burst.kind)).map(disc),
    })),
  };
}

const span = (bucket: Bucket | undefined) => (bucket ? t.to(bucket.from, bucket.to + 1) : "");
