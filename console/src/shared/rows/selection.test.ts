import { expect, test } from "vitest";
import { isChosen, NONE, type Selection, selectorOf, sizeOf, toggled } from "./selection";

interface Filter {
  eventIds?: string[];
  ips?: string[];
  endTimestamp?: number;
}

const everything: Selection<Filter> = {
  kind: "all",
  filter: { ips: ["203.0.113.9"], endTimestamp: 9 },
  total: 4_711,
};

const byIds = (eventIds: string[]): Filter => ({ eventIds });

test("rows chosen one by one are named by their ids", () => {
  const two = toggled(toggled(NONE, ["a", "b", "c"], true), ["b"], false);
  expect(selectorOf(two, byIds)).toEqual({ eventIds: ["a", "c"] });
  expect(sizeOf(two)).toBe(2);
});

test("everything is named by the filter that listed it, with its times fixed", () => {
  expect(isChosen(everything, "never loaded")).toBe(true);
  expect(selectorOf(everything, byIds)).toEqual(everything.kind === "all" && everything.filter);
  expect(sizeOf(everything)).toBe(4_711);
});

test("taking one row out of everything leaves what can be seen, not what cannot", () => {
  expect(selectorOf(toggled(everything, ["b"], false, ["a", "b", "c"]), byIds)).toEqual({
    eventIds: ["a", "c"],
  });
});
