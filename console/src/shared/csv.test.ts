import { expect, test } from "vitest";
import { csvLine } from "./csv";

test.each([
  ["=cmd|'/C calc'!A0", "\"'=cmd|'/C calc'!A0\""],
  ["+1+1", '"\'+1+1"'],
  ["-2+3", '"\'-2+3"'],
  ["@SUM(1)", '"\'@SUM(1)"'],
  ["\t=1", '"\'\t=1"'],
  ["\r=1", '"\'\r=1"'],
  ["＝1", '"\'＝1"'],
])("%j is no formula any more", (value, cell) => {
  expect(csvLine([value])).toBe(`${cell}\r\n`);
});

test("a quote, a comma and a line break stay inside their cell", () => {
  expect(csvLine(['a"b', "c,=d", "e\n=f", 7, -7, null, true])).toBe('"a""b","c,=d","e\n=f",7,-7,,true\r\n');
});
