import { expect, test } from "vitest";
import { placeAt } from "./place";

/** The place of the bar in the text. */
function at(text: string) {
  const pos = text.indexOf("|");
  const { path, key, typed } = placeAt(text.replace("|", ""), pos);
  return { path, key, typed };
}

test.each([
  ["fi|", { path: [], key: null, typed: "fi" }],
  ["id: x\nfilter:\n  u|", { path: ["filter"], key: null, typed: "u" }],
  ["filter:\n  and:\n    - url: {r|", { path: ["filter", "and", "url"], key: null, typed: "r" }],
  ["filter:\n  and:\n  - url: x\n    me|", { path: ["filter", "and"], key: null, typed: "me" }],
  ["filter:\n  and:\n    - url: {eq: a}\n    - |", { path: ["filter", "and"], key: null, typed: "" }],
  ["info:\n  severity: H|", { path: ["info"], key: "severity", typed: "H" }],
  ["info:\n  category: {name: X, dis|", { path: ["info", "category"], key: null, typed: "dis" }],
  [
    "filter:\n  response_holds: {kinds: [card, e|",
    { path: ["filter", "response_holds"], key: "kinds", typed: "e" },
  ],
  ["filter: {detect: sq|", { path: ["filter"], key: "detect", typed: "sq" }],
  ["filter:\n  or:\n    - and:\n        - |", { path: ["filter", "or", "and"], key: null, typed: "" }],
  ["evidence: [sql-error, |", { path: [], key: "evidence", typed: "" }],
  ["evidence:\n  - |", { path: ["evidence"], key: null, typed: "" }],
  ["filter:\n  url: {regex: 'a: {b'}\ninfo:\n  na|", { path: ["info"], key: null, typed: "na" }],
])("%j", (text, place) => {
  expect(at(text)).toEqual(place);
});
