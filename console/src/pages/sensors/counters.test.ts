import { expect, test } from "vitest";
import { dropsOf } from "./counters";

test("losses are shown where they are not zero, and work done is none", () => {
  const counters = {
    gate_dropped_ipv4_total: 4,
    gate_malformed_total: 1,
    tap_ring_full_total: 7,
    flow_gap_total: 0,
  };
  expect(dropsOf(counters)).toEqual({
    total: 8,
    causes: [
      ["tap_ring_full_total", 7],
      ["gate_malformed_total", 1],
    ],
  });
});
