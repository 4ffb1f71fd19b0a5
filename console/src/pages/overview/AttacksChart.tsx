import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import type { Bucket } from "../../shared/buckets";
import { bucketLabel } from "../../shared/format";
import { LazyChart, TOOLTIP } from "../../shared/LazyChart";
import { SEVERITIES, SEVERITY_INK } from "../../shared/Severity";
import { overview as t } from "../../texts/overview";
import type { Counts } from "./useCounted";

const HEIGHT = 230;
const GRID = { left: 8, right: 12, top: 12, bottom: 30, containLabel: true };
const LEGEND = { bottom: 0, itemWidth: 10, itemHeight: 10, icon: "roundRect", textStyle: { fontSize: 11 } };

interface ChartProps {
  counts: Counts[] | undefined;
  onPick: (bucket: Bucket) => void;
}

/** Attacks by severity, as stacked bars; a click on one shows its events. */
export function AttacksChart({ counts, onPick }: ChartProps) {
  const option = useMemo(
    () =>
      counts && {
        ...frame(counts),
        tooltip: { ...TOOLTIP, trigger: "axis", axisPointer: { type: "shadow" } },
        series: [...SEVERITIES].reverse().map((severity) => ({
          type: "bar",
          name: severity,
          stack: "attacks",
          barMaxWidth: 34,
          itemStyle: { color: SEVERITY_INK[severity] },
          data: counts.map(({ counted }) => counted && (counted.bySeverity[severity] ?? 0)),
        })),
      },
    [counts],
  );
  if (!option) return <Skeleton height={HEIGHT} />;
  const total = counts?.reduce(
    (sum, { counted }) => sum + Object.values(counted?.bySeverity ?? {}).reduce((a, b) => a + b, 0),
    0,
  );
  return (
    <LazyChart
      label={t.attacksOverTimeBy(total ?? 0)}
      height={HEIGHT}
      option={option}
      onPick={({ dataIndex }) => {
        const bucket = counts?.[dataIndex]?.bucket;
        if (bucket) onPick(bucket);
      }}
    />
  );
}

/** How many attackers there were, and how often they got through. */
export function ActorsChart({ counts, withActors }: { counts: Counts[] | undefined; withActors: boolean }) {
  const option = useMemo(
    () =>
      counts && {
        ...frame(counts),
        tooltip: { ...TOOLTIP, trigger: "axis" },
        series: [
          ...(withActors
            ? [
                line(
                  t.actors,
                  "#1098ad",
                  counts.map(({ counted }) => counted?.actors),
                ),
              ]
            : []),
          line(
            t.successfulExploits,
            "#e03131",
            counts.map(({ counted }) => counted?.exploits),
          ),
        ],
      },
    [counts, withActors],
  );
  if (!option) return <Skeleton height={HEIGHT} />;
  return (
    <LazyChart
      label={withActors ? t.actorsAndSuccessfulExploitsOverTime : t.successfulExploitsOverTime}
      height={HEIGHT}
      option={option}
    />
  );
}

const line = (name: string, color: string, data: (number | undefined)[]) => ({
  type: "line",
  name,
  data: data.map((value) => value ?? null),
  symbol: "circle",
  symbolSize: 4,
  showSymbol: data.length < 32,
  lineStyle: { width: 2 },
  itemStyle: { color },
});

function frame(counts: Counts[]) {
  const size = (counts[0]?.bucket.to ?? 0) - (counts[0]?.bucket.from ?? 0) + 1;
  return {
    grid: GRID,
    legend: LEGEND,
    xAxis: {
      type: "category",
      data: counts.map(({ bucket }) => bucketLabel(bucket.from, size)),
      axisTick: { show: false },
      axisLabel: { hideOverlap: true, fontSize: 11 },
    },
    yAxis: { type: "value", minInterval: 1, axisLabel: { fontSize: 11 } },
  };
}
