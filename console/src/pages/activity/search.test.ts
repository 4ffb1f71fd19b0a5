import { expect, test } from "vitest";
import { filterOf, parseActivitySearch } from "./search";

test("an address with nonsense in it reads as an address without it", () => {
  const nonsense = {
    tab: "gone",
    severity: ["CRITICAL", "PURPLE"],
    page: -3,
    sort: 1,
    actor: {},
    range: "9y",
  };
  expect(parseActivitySearch(nonsense)).toEqual({ severity: ["CRITICAL"] });
});

test("a search text that looks like a number stays a text", () => {
  expect(parseActivitySearch({ q: 404 })).toEqual({ q: "404" });
});

test("only the filters that are set reach the control plane", () => {
  expect(filterOf({ actor: ["203.0.113.9"], success: "no" }, "review")).toEqual({
    statusFilter: "UNDER_REVIEW",
    ips: ["203.0.113.9"],
    successfulExploit: false,
  });
});

test("fixed times win over a span and must not run backwards", () => {
  expect(parseActivitySearch({ from: 10, to: 20, range: "1h" })).toEqual({ from: 10, to: 20 });
  expect(parseActivitySearch({ from: 20, to: 10, range: "1h" })).toEqual({ range: "1h" });
});
