import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import type { TimelineDay } from "../../api/types";
import { LazyChart, TOOLTIP } from "../../shared/LazyChart";

const HEIGHT = 260;
const PALETTE = [
  "#1098ad",
  "#f76707",
  "#7048e8",
  "#e03131",
  "#2b8a3e",
  "#f0a800",
  "#d6336c",
  "#4263eb",
  "#868e96",
];
// More would be a legend longer than the chart; the rest is one series.
const SERIES = PALETTE.length - 1;

/** Events per time and sub-category, as stacked bars. */
export function TimelineChart({ days }: { days: TimelineDay[] | undefined }) {
  const option = useMemo(() => days && bars(days), [days]);
  if (!option) return <Skeleton height={HEIGHT} />;
  return <LazyChart label="Attacks over time by sub-category" height={HEIGHT} option={option} />;
}

function bars(days: TimelineDay[]) {
  const totals = new Map<string, number>();
  for (const { subcategory, activityCount } of days.flatMap((day) => day.subCategoryWiseData)) {
    totals.set(subcategory, (totals.get(subcategory) ?? 0) + activityCount);
  }
  const largest = [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name);
  const named = largest.slice(0, SERIES);
  const rest = new Set(largest.slice(SERIES));
  const countOn = (day: TimelineDay, counts: (name: string) => boolean) =>
    day.subCategoryWiseData.reduce((sum, one) => sum + (counts(one.subcategory) ? one.activityCount : 0), 0);
  const series = (name: string, counts: (name: string) => boolean) => ({
    type: "bar",
    name,
    stack: "events",
    barMaxWidth: 36,
    data: days.map((day) => [day.ts * 1_000, countOn(day, counts)]),
  });
  return {
    color: PALETTE,
    grid: { left: 4, right: 12, top: 12, bottom: 48, containLabel: true },
    legend: { bottom: 0, type: "plain", itemWidth: 10, itemHeight: 10, textStyle: { fontSize: 11 } },
    tooltip: { ...TOOLTIP, trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: { type: "time", minInterval: 60_000, splitLine: { show: false } },
    yAxis: { type: "value", minInterval: 1 },
    series: [
      ...named.map((name) => series(name, (other) => other === name)),
      ...(rest.size > 0 ? [series("Others", (name) => rest.has(name))] : []),
    ],
  };
}
