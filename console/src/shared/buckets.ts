import type { Bounds } from "../api/types";

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;
const SIZES = [
  ...[MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE],
  ...[HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR],
  ...[DAY, 2 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY],
];
// So that 30 days are bars of a day.
const MOST = 31;

/** A stretch of time with what was counted in it, bounds included. */
export interface Bucket {
  from: number;
  to: number;
  /** Still going on: what it counts changes. */
  isOpen: boolean;
}

/**
 * Stretches of one round size that cover the bounds, at most some thirty. They begin where hours and days do in the
 * viewer's zone (`offset`, seconds east of UTC), so that one that is over stays the same while time moves on.
 */
export function bucketsOf({ startTs, endTs }: Bounds, now: number, offset: number): Bucket[] {
  const until = Math.min(endTs, now);
  const span = Math.max(MINUTE, until - startTs);
  const size = SIZES.find((size) => span / size <= MOST) ?? Math.ceil(span / MOST / DAY) * DAY;
  const first = floorTo(startTs, size, offset);
  const last = floorTo(until, size, offset);
  return Array.from({ length: Math.round((last - first) / size) + 1 }, (_, step) => {
    const from = first + step * size;
    return { from, to: from + size - 1, isOpen: from + size > now };
  });
}

const floorTo = (at: number, size: number, offset: number) =>
  Math.floor((at + offset) / size) * size - offset;
