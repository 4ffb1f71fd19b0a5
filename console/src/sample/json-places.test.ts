import { expect, test } from "vitest";
import { jsonPlaces } from "./json-places";

const values = (text: string, path: string) =>
  jsonPlaces(text, path).values.map(({ start, end }) => text.slice(start, end));

test("a body that was cut still shows the leaves before the cut", () => {
  const text = '{"user": {"name": "ann"}, "note": "begins and nev';
  expect(values(text, "user.name")).toEqual(["ann"]);
  expect(values(text, "note")).toEqual([]);
});

test("numbers, objects and every item of a list are values too", () => {
  const text = '{"n": 42, "o": {"p": []}, "l": [{"x": 1}, {"x": "two"}]}';
  expect(values(text, "n")).toEqual(["42"]);
  expect(values(text, "o")).toEqual(['{"p": []}']);
  expect(values(text, "l[].x")).toEqual(["1", "two"]);
});

test("a name is found where the match is in the name", () => {
  const text = '{"user": {"$ne": null}}';
  expect(jsonPlaces(text, "user.$ne").names.map(({ start, end }) => text.slice(start, end))).toEqual(["$ne"]);
});

test("a document nested a million deep is given up and not followed", () => {
  expect(values("[".repeat(1_000_000), "[]")).toEqual([]);
});
