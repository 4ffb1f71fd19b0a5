import { expect, test } from "vitest";
import { jsonLeaf } from "./json-leaf";

test("a body that was cut still shows the leaves before the cut", () => {
  const text = '{"user": {"name": "ann"}, "note": "begins and nev';
  expect(jsonLeaf(text, "user.name")).toEqual({ start: 19, end: 22 });
  expect(jsonLeaf(text, "note")).toBeNull();
});

test("numbers, objects and lists are values too", () => {
  const text = '{"n": 42, "o": {"p": []}}';
  expect(jsonLeaf(text, "n")).toEqual({ start: 6, end: 8 });
  expect(jsonLeaf(text, "o")).toEqual({ start: 15, end: 24 });
});

test("a document nested a million deep is given up and not followed", () => {
  expect(jsonLeaf("[".repeat(1_000_000), "0")).toBeNull();
});
