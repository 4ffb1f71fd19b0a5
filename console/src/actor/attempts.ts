import type { ActorActivity, Severity } from "../api/types";
import { type Bucket, bucketsOf } from "../shared/buckets";
import { SEVERITIES } from "../shared/Severity";

/** So many attempts of one kind in one stretch of time. */
export interface Burst {
  /** Which of the buckets. */
  at: number;
  kind: string;
  count: number;
  /** The gravest among them. */
  severity: Severity;
}

export interface Attempts {
  buckets: Bucket[];
  /** What was tried, the most often first. */
  kinds: { kind: string; count: number }[];
  bursts: Burst[];
}

// A single attempt, or one moment, is shown with some time around it.
const LEAST_SPAN = 600;

/** When and how often what was tried; `offset` is the viewer's zone, seconds east of UTC. */
export function attemptsOf(activity: ActorActivity[], now: number, offset: number): Attempts {
  if (activity.length === 0) return { buckets: [], kinds: [], bursts: [] };
  const times = activity.map(({ detectedAt }) => detectedAt);
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  const around = Math.max(0, Math.ceil((LEAST_SPAN - (last - first)) / 2));
  const buckets = bucketsOf(
    { startTs: first - around, endTs: last + around },
    Math.max(now, last + around),
    offset,
  );
  const origin = buckets[0]?.from ?? first;
  const size = (buckets[0]?.to ?? first) - origin + 1;
  const bursts = new Map<string, Burst>();
  const kinds = new Map<string, number>();
  for (const { detectedAt, subCategory: kind, severity } of activity) {
    const at = Math.floor((detectedAt - origin) / size);
    const key = `${at} ${kind}`;
    const known = bursts.get(key) ?? { at, kind, count: 0, severity };
    bursts.set(key, { ...known, count: known.count + 1, severity: graver(known.severity, severity) });
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return {
    buckets,
    kinds: [...kinds].map(([kind, count]) => ({ kind, count })).sort((a, b) => b.count - a.count),
    bursts: [...bursts.values()],
  };
}

const graver = (a: Severity, b: Severity): Severity =>
  SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;

/** The viewer's zone at that time, seconds east of UTC. */
export const zoneAt = (seconds: number): number => -new Date(seconds * 1_000).getTimezoneOffset() * 60;
