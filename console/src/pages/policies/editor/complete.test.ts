import { expect, test } from "vitest";
import { completions } from "./complete";

/** What is offered where the bar stands. */
const offered = (text: string) =>
  completions(text.replace("|", ""), text.indexOf("|"))?.options.map(({ label }) => label) ?? [];

test("keys are offered where keys stand, and values where values stand", () => {
  expect(offered("|")).toContain("filter");
  expect(offered("filter:\n  and:\n    - |")).toContain("request_payload");
  expect(offered("filter:\n  and:\n    - or:\n        - not:\n            u|")).toContain("url");
  expect(offered("filter:\n  url: {|")).toContain("regex");
  expect(offered("filter:\n  query_param: {for_one: {key: {|")).toContain("eq");
  expect(offered("filter:\n  detect: |")).toContain("sqli");
  expect(offered("info:\n  severity: |")).toEqual(["CRITICAL", "HIGH", "MEDIUM", "LOW"]);
  expect(offered("evidence:\n  - |")).toContain("sql-error");
  expect(offered("aggregation_rules:\n  - rule:\n      condition:\n        |")).toContain("matchCount");
});

test("nothing is offered where anything may stand", () => {
  expect(offered("id: |")).toEqual([]);
  expect(offered("info:\n  description: a text |")).toEqual([]);
});
