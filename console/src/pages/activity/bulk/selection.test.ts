import { expect, test } from "vitest";
import { isChosen, NONE, type Selection, selectorOf, sizeOf, toggled } from "./selection";

const everything: Selection = {
  kind: "all",
  filter: { statusFilter: "ACTIVE", ips: ["203.0.113.9"], startTimestamp: 1, endTimestamp: 9 },
  total: 4_711,
};

test("rows chosen one by one are named by their ids", () => {
  const two = toggled(toggled(NONE, ["a", "b", "c"], true), ["b"], false);
  expect(selectorOf(two)).toEqual({ eventIds: ["a", "c"] });
  expect(sizeOf(two)).toBe(2);
});

test("everything is named by the filter that listed it, with its times fixed", () => {
  expect(isChosen(everything, "never loaded")).toBe(true);
  expect(selectorOf(everything)).toEqual(everything.filter);
  expect(sizeOf(everything)).toBe(4_711);
});

test("taking one row out of everything leaves what can be seen, not what cannot", () => {
  expect(selectorOf(toggled(everything, ["b"], false, ["a", "b", "c"]))).toEqual({ eventIds: ["a", "c"] });
});
