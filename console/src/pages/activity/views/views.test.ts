import { expect, test } from "vitest";
import { readViews, withView, writeViews } from "./views";

function storage(text: string | null = null) {
  let kept = text;
  return {
    getItem: () => kept,
    setItem: (_: string, value: string) => {
      kept = value;
    },
  };
}

test("a saved view comes back with its filters, and without the open tab of an event", () => {
  const kept = storage();
  writeViews(
    withView([], { name: "mine", search: { severity: ["HIGH"], tab: "review", view: "values" } }),
    kept,
  );
  expect(readViews(kept)).toEqual([{ name: "mine", search: { severity: ["HIGH"], tab: "review" } }]);
});

test("a view of the same name replaces the one before", () => {
  const once = withView([], { name: "mine", search: { q: "a" } });
  expect(withView(once, { name: "mine", search: { q: "b" } })).toEqual([
    { name: "mine", search: { q: "b" } },
  ]);
});

test.each(["no json", "{}", '[1, null, {"name": ""}, {"name": "x"}]'])(
  "%s in the storage is no view",
  (text) => {
    expect(readViews(storage(text))).toEqual([]);
  },
);

test("a view that somebody tampered with keeps only what an address may hold", () => {
  const text = JSON.stringify([{ name: "x", search: { severity: ["PURPLE", "LOW"], evil: 1 } }]);
  expect(readViews(storage(text))).toEqual([{ name: "x", search: { severity: ["LOW"] } }]);
});
