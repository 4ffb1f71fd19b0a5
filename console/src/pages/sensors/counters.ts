import { sensors as t } from "../../texts/sensors";
export interface Drops {
  total: number;
  /** Causes with a count, the largest first. */
  causes: [name: string, count: number][];
}

// Whatever a sensor did not see, did not keep or did not judge has one of these words in its metric's name.
// `portctl sensors` goes by the same.
const LOSS = new Set(
  (
    "bounded damaged deep dropped errors evicted failed full gap gaps interrupted lost malformed overflow " +
    "overflowed oversize oversized refused shed torn truncated unread unreadable"
  ).split(" "),
);
// What the gate drops or the sensor refuses to block is their work; nothing was left to read of what was evicted unread;
// and a sum would be told twice.
const NO_LOSS = ["gate_dropped", "enforce_refused", "flow_evicted_unread_total", "flow_evicted_total"];
// The tap cannot read them, libpcap's capture can.
const FRAGMENTS = "tap_fragments_total";

/** What a sensor lost, by cause. */
export function dropsOf(counters: Record<string, number>): Drops {
  const causes = Object.entries(counters)
    .filter(([name, count]) => count > 0 && isLoss(name))
    .sort(([, a], [, b]) => b - a);
  return { total: causes.reduce((sum, [, count]) => sum + count, 0), causes };
}

const isLoss = (name: string) =>
  name === FRAGMENTS ||
  (!NO_LOSS.some((other) => name.startsWith(other)) && name.split("_").some((word) => LOSS.has(word)));

/** `seen_permille` and `seen_of_late_permille` as a person reads them; what is not reported is not known. */
export function seenOf(counters: Record<string, number>): string {
  const { seen_permille: seen, seen_of_late_permille: ofLate } = counters;
  if (seen === undefined) return t.notReportedYet;
  const share = (permille: number) => (permille >= 1000 ? "all" : `${(permille / 10).toFixed(1)} %`);
  return ofLate === undefined || ofLate === seen ? share(seen) : t.ofLate(share(seen), share(ofLate));
}

/** `ring_dropped_total` as people read it. */
export const counterName = (name: string): string => name.replace(/_total$/, "").replaceAll("_", " ");
