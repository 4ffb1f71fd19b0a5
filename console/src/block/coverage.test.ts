import { expect, test } from "vitest";
import { coverageOf, coverageText } from "./coverage";

test("a sensor that refused a block does not count as one where it holds", () => {
  const refusals = [{ sensorId: "a", cidr: "203.0.113.9/32", reason: "on the allow list" }];
  const coverage = coverageOf({ sensors: { total: 3, applied: 2 }, refusals });
  expect(coverageText(coverage)).toBe("applied on 2 of 3 sensors");
  expect(coverage.refusals).toEqual(["a: on the allow list"]);
});
