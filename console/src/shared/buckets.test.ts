import { expect, test } from "vitest";
import { bucketsOf } from "./buckets";

const DAY = 86_400;
const NOW = 20_000 * DAY + 5 * 3_600 + 10 * 60;

test("a day is cut into hours that begin on the hour; only the last one is still open", () => {
  const buckets = bucketsOf({ startTs: NOW - DAY, endTs: NOW + 300 }, NOW, 0);
  expect(buckets).toHaveLength(25);
  expect(buckets.every(({ from }) => from % 3_600 === 0)).toBe(true);
  expect(buckets.filter(({ isOpen }) => isOpen)).toEqual([buckets.at(-1)]);
  expect(buckets.at(-1)?.from).toBe(20_000 * DAY + 5 * 3_600);
});

test("days begin at midnight of the viewer, half an hour off included", () => {
  const india = 5.5 * 3_600;
  const buckets = bucketsOf({ startTs: NOW - 30 * DAY, endTs: NOW }, NOW, india);
  expect(buckets.every(({ from }) => (from + india) % DAY === 0)).toBe(true);
});

test("a moment later the stretches that are over are the same", () => {
  const bounds = (now: number) => ({ startTs: now - 7 * DAY, endTs: now });
  const before = bucketsOf(bounds(NOW), NOW, 0);
  const after = bucketsOf(bounds(NOW + 60), NOW + 60, 0);
  expect(after).toEqual(before);
});

test("decades are some thirty stretches, and nothing is one", () => {
  expect(bucketsOf({ startTs: 0, endTs: NOW }, NOW, 0).length).toBeLessThanOrEqual(62);
  expect(bucketsOf({ startTs: NOW, endTs: NOW }, NOW, 0).length).toBeLessThanOrEqual(2);
});
