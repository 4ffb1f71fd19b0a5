import { expect, test } from "vitest";
import { dropsOf, seenOf } from "./counters";

test("losses are shown where they are not zero, and work done is none", () => {
  const counters = {
    gate_dropped_ipv4_total: 4,
    gate_malformed_total: 1,
    tap_ring_full_total: 7,
    flow_gap_total: 0,
    flow_evicted_total: 3,
    enforce_refused_total: 2,
  };
  expect(dropsOf(counters)).toEqual({
    total: 8,
    causes: [
      ["tap_ring_full_total", 7],
      ["gate_malformed_total", 1],
    ],
  });
});

test("the share of the traffic that was seen is told in all and of late", () => {
  expect(seenOf({})).toBe("not reported yet");
  expect(seenOf({ seen_permille: 1000, seen_of_late_permille: 1000 })).toBe("all");
  expect(seenOf({ seen_permille: 998, seen_of_late_permille: 405 })).toBe("99.8 %, of late 40.5 %");
});
