import { expect, test } from "vitest";
import { withEmptyDays } from "./TimelineChart";

const DAY = 86_400;

test("quiet days are there, and at least a week", () => {
  const now = 100 * DAY + 5;
  const busy = { ts: 98 * DAY, subCategoryWiseData: [{ subcategory: "XSS", activityCount: 2 }] };
  const days = withEmptyDays([busy], now);
  expect(days.map(({ ts }) => ts / DAY)).toEqual([94, 95, 96, 97, 98, 99, 100]);
  expect(days[4]).toBe(busy);
});

test("bounds centuries apart do not become a bar for every day between", () => {
  const days = [{ ts: 0, subCategoryWiseData: [] }];
  expect(withEmptyDays(days, 20_000 * DAY)).toBe(days);
});
