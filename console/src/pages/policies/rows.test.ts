import { expect, test } from "vitest";
import type { Policy, Suppression } from "../../api/types";
import { arranged, rowsOf, usualOrder } from "./rows";

const policy = (id: string, severity: string) =>
  ({ id, info: { name: id, severity, category: { displayName: "C" }, subCategory: id } }) as Policy;
const ignored = (filterId: string, hits: number) => ({ filterId, hits }) as Suppression;

const rows = rowsOf(
  [policy("XSS", "HIGH"), policy("SSRF", "CRITICAL"), policy("JWT", "LOW")],
  { XSS: 7, SSRF: 9 },
  [ignored("XSS", 3), ignored("XSS", 1), ignored("", 9)],
);
const names = (found: typeof rows) => found.map(({ policy }) => policy.id);

test("each policy has its events, and what was ignored of it", () => {
  expect(rows.map(({ hits, ignored }) => [hits, ignored.combinations, ignored.events])).toEqual([
    [7, 2, 4],
    [9, 0, 0],
    [0, 0, 0],
  ]);
  expect(rowsOf([policy("XSS", "LOW")], undefined, [])[0]?.hits).toBeUndefined();
});

test("names begin with A, figures and severities with the most, and a search leaves what fits", () => {
  expect(names(arranged(rows, "", "id", usualOrder("id")))).toEqual(["JWT", "SSRF", "XSS"]);
  expect(names(arranged(rows, "", "hits", usualOrder("hits")))).toEqual(["SSRF", "XSS", "JWT"]);
  expect(names(arranged(rows, "", "severity", usualOrder("severity")))).toEqual(["SSRF", "XSS", "JWT"]);
  expect(names(arranged(rows, "xs", "ignored", -1))).toEqual(["XSS"]);
});
