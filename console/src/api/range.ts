import { api as t } from "../texts/api";
import type { Bounds } from "./types";

/** Spans that end now, in seconds. */
export const SPANS = {
  "15m": 15 * 60,
  "1h": 3_600,
  "24h": 86_400,
  "7d": 7 * 86_400,
  "30d": 30 * 86_400,
} as const;

export type Span = keyof typeof SPANS;

/** A span up to now, everything, or two fixed bounds. */
export type TimeRange = Span | "all" | { from: number; to: number };

export const SPAN_NAMES: Record<Span | "all", string> = {
  "15m": t.last15Minutes,
  "1h": t.lastHour,
  "24h": t.last24Hours,
  "7d": t.last7Days,
  "30d": t.last30Days,
  all: t.allTime,
};

// Sensors stamp events with their own clocks; one that runs ahead must not hide its newest events.
const CLOCK_SLACK = 300;

/** The bounds as of now. Called when a request is sent and not when a page is drawn, so that «now» moves along. */
export function boundsOf(range: TimeRange, now = Date.now() / 1_000): Bounds {
  if (typeof range === "object") return { startTs: range.from, endTs: range.to };
  if (range === "all") return { startTs: 0, endTs: Math.ceil(now) + CLOCK_SLACK };
  return { startTs: Math.floor(now) - SPANS[range], endTs: Math.ceil(now) + CLOCK_SLACK };
}

/** The same as the calls about events name it; `until` ends it sooner. */
export function timestampsOf(range: TimeRange, until = Number.POSITIVE_INFINITY) {
  const { startTs, endTs } = boundsOf(range);
  return { startTimestamp: startTs, endTimestamp: Math.min(endTs, until) };
}
