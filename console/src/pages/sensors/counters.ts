export interface Drops {
  total: number;
  /** Causes with a count, the largest first. */
  causes: [name: string, count: number][];
}

// Whatever a sensor did not see, did not keep or did not judge has one of these words in its metric's name.
// `portctl sensors` goes by the same.
const LOSS = new Set(
  (
    "damaged deep dropped errors evicted failed full gap gaps lost malformed overflow overflowed oversize " +
    "refused shed torn truncated unreadable"
  ).split(" "),
);
// What the gate drops is its work, not a loss.
const WORK = "gate_dropped";

/** What a sensor lost, by cause. */
export function dropsOf(counters: Record<string, number>): Drops {
  const causes = Object.entries(counters)
    .filter(([name, count]) => count > 0 && isLoss(name))
    .sort(([, a], [, b]) => b - a);
  return { total: causes.reduce((sum, [, count]) => sum + count, 0), causes };
}

const isLoss = (name: string) => !name.startsWith(WORK) && name.split("_").some((word) => LOSS.has(word));

/** `ring_dropped_total` as people read it. */
export const counterName = (name: string): string => name.replace(/_total$/, "").replaceAll("_", " ");
