import type { ActorActivity } from "../api/types";

export interface Touched {
  method: string;
  host: string;
  url: string;
  count: number;
}

/** The endpoints that were attacked, the most often first. */
export function touchedOf(activity: ActorActivity[]): Touched[] {
  const touched = new Map<string, Touched>();
  for (const { method, host = "", url } of activity) {
    const key = JSON.stringify([method, host, url]);
    touched.set(key, { method, host, url, count: (touched.get(key)?.count ?? 0) + 1 });
  }
  return [...touched.values()].sort((a, b) => b.count - a.count);
}
