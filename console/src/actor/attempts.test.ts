import { expect, test } from "vitest";
import type { ActorActivity } from "../api/types";
import { attemptsOf } from "./attempts";

const attempt = (detectedAt: number, subCategory: string, severity: ActorActivity["severity"] = "LOW") => ({
  ...{ url: "/", method: "GET", host: "shop.example", metadata: "", detectedAt, subCategory, severity },
});

test("attempts of one kind in one stretch are one burst, as grave as the gravest of them", () => {
  const day = 1_764_028_800;
  const { buckets, kinds, bursts } = attemptsOf(
    [attempt(day + 30, "XSS"), attempt(day + 40, "XSS", "HIGH"), attempt(day + 1_800, "SQLI")],
    day + 9_000,
    0,
  );
  expect(kinds).toEqual([
    { kind: "XSS", count: 2 },
    { kind: "SQLI", count: 1 },
  ]);
  expect(bursts).toHaveLength(2);
  expect(bursts[0]).toMatchObject({ kind: "XSS", count: 2, severity: "HIGH" });
  for (const { at } of bursts) expect(buckets[at]).toBeDefined();
  expect(buckets.length).toBeLessThanOrEqual(32);
});

test("a single attempt has time around it, and nobody's attempts have no picture", () => {
  const { buckets, bursts } = attemptsOf([attempt(1_764_028_800, "XSS")], 1_764_028_800, 0);
  expect(buckets.length).toBeGreaterThan(5);
  expect(bursts).toHaveLength(1);
  expect(attemptsOf([], 0, 0)).toEqual({ buckets: [], kinds: [], bursts: [] });
});
