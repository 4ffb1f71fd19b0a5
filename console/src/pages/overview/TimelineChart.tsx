import { Skeleton } from "@mantine/core";
import { useMemo } from "react";
import type { TimelineDay } from "../../api/types";
import { day } from "../../shared/format";
import { LazyChart, TOOLTIP } from "../../shared/LazyChart";

const HEIGHT = 260;
const DAY = 86_400;
// Beyond, the days without an event are left out: nobody can tell the bars apart anyway.
const MAX_DAYS = 400;
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

/** Events per UTC day and sub-category, as stacked bars. */
export function TimelineChart({ days }: { days: TimelineDay[] | undefined }) {
  const option = useMemo(() => days && bars(withEmptyDays(days)), [days]);
  if (!option) return <Skeleton height={HEIGHT} />;
  return <LazyChart label="Attacks per day by sub-category" height={HEIGHT} option={option} />;
}

/** A quiet day is a gap in the picture and not a narrower picture. The last week is always there. */
export function withEmptyDays(days: TimelineDay[], now = Date.now() / 1_000): TimelineDay[] {
  const today = now - (now % DAY);
  const first = Math.min(days[0]?.ts ?? today, today - 6 * DAY);
  const last = Math.max(days.at(-1)?.ts ?? today, today);
  if ((last - first) / DAY > MAX_DAYS) return days;
  const known = new Map(days.map((one) => [one.ts, one]));
  return Array.from({ length: Math.round((last - first) / DAY) + 1 }, (_, index) => {
    const ts = first + index * DAY;
    return known.get(ts) ?? { ts, subCategoryWiseData: [] };
  });
}

function bars(days: TimelineDay[]) {
  const totals = new Map<string, number>();
  for (const { subcategory, activityCount } of days.flatMap(
    ({ subCategoryWiseData }) => subCategoryWiseData,
  )) {
    totals.set(subcategory, (totals.get(subcategory) ?? 0) + activityCount);
  }
  const largest = [...totals].sort(([, a], [, b]) => b - a).map(([name]) => name);
  const rest = new Set(largest.slice(SERIES));
  const series = (name: string, isMeant: (subcategory: string) => boolean) => ({
    type: "bar",
    name,
    stack: "events",
    barMaxWidth: 40,
    data: days.map(({ subCategoryWiseData }) =>
      subCategoryWiseData.reduce((sum, one) => sum + (isMeant(one.subcategory) ? one.activityCount : 0), 0),
    ),
  });
  return {
    color: PALETTE,
    grid: { left: 4, right: 8, top: 12, bottom: 50 },
    legend: { bottom: 0, type: "scroll", itemWidth: 10, itemHeight: 10, textStyle: { fontSize: 11 } },
    tooltip: { ...TOOLTIP, trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: { type: "category", data: days.map(({ ts }) => day(ts)), axisTick: { show: false } },
    yAxis: { type: "value", minInterval: 1 },
    series: [
      ...largest.slice(0, SERIES).map((name) => series(name, (other) => other === name)),
      ...(rest.size > 0 ? [series("Others", (name) => rest.has(name))] : []),
    ],
  };
}
