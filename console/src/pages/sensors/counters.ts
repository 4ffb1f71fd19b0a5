export interface Drops {
  total: number;
  /** Causes with a count, the largest first. */
  causes: [name: string, count: number][];
}

// Whatever a sensor did not see, did not keep or did not judge has one of these words in its metric's name.
const LOSS =
  /drop|lost|shed|skip|evict|truncat|malformed|overflow|gap|refus|fault|error|fail|unparsed|exceeded|late/;
// What the gate dropped is what it is there for.
const ON_PURPOSE = /gate|block|xdp|nft/;

/** What a sensor lost, by cause. */
export function dropsOf(counters: Record<string, number>): Drops {
  const causes = Object.entries(counters)
    .filter(([name, count]) => count > 0 && LOSS.test(name) && !ON_PURPOSE.test(name))
    .sort(([, a], [, b]) => b - a);
  return { total: causes.reduce((sum, [, count]) => sum + count, 0), causes };
}

/** `ring_dropped_total` as people read it. */
export const counterName = (name: string): string => name.replace(/_total$/, "").replaceAll("_", " ");
