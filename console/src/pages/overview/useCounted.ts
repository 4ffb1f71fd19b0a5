import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { type Counted, countedQuery, type Narrowing } from "../../api/overview-queries";
import { timelineQuery } from "../../api/queries";
import { boundsOf, type TimeRange } from "../../api/range";
import { type Bucket, bucketsOf } from "../../shared/buckets";
import { useNow } from "../../shared/Time";

export interface Counts {
  bucket: Bucket;
  /** `undefined` until it is known. */
  counted: Counted | undefined;
}

/** The range in stretches, each with what was counted; `undefined` until it is known where «all time» begins. */
export function useCounted(
  range: TimeRange,
  narrowing: Narrowing,
): { counts: Counts[] | undefined; error: unknown } {
  const now = useNow();
  const all = useQuery({ ...timelineQuery("all"), enabled: range === "all" });
  const begin = all.data && (all.data[0]?.ts ?? now - 86_400);
  const waits = range === "all" && begin === undefined;
  const bounds = boundsOf(range, now);
  const buckets = waits
    ? []
    : bucketsOf(range === "all" ? { ...bounds, startTs: begin ?? 0 } : bounds, now, zoneOffset(now));
  const answers = useQueries({
    queries: buckets.map(({ from, to, isOpen }) =>
      countedQuery({ startTs: from, endTs: to }, isOpen, narrowing),
    ),
  });
  const counts = buckets.map((bucket, at) => ({ bucket, counted: answers[at]?.data }));
  // Drawn again only where something differs, and not with every tick of the clock.
  const key = JSON.stringify(counts);
  const stable = useMemo(() => JSON.parse(key) as Counts[], [key]);
  return {
    counts: waits ? undefined : stable,
    error: all.error ?? answers.find(({ error }) => error)?.error,
  };
}

const zoneOffset = (now: number) => -new Date(now * 1_000).getTimezoneOffset() * 60;
