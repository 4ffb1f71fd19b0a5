import type { Policy, ThreatApi } from "../../api/types";

/** The policies behind a sub-category, for the calls that count by policy. */
export function policiesOf(policies: Policy[], subCategory: string): string[] {
  const found = policies.filter(({ id, info }) => info.subCategory === subCategory || id === subCategory);
  // A policy that is gone may have been called like its sub-category; no name at all would count everything.
  return found.length > 0 ? found.map(({ id }) => id) : [subCategory];
}

/** Attacks by host, added up over its endpoints, the most first. */
export function byHost(apis: ThreatApi[]): { host: string; count: number }[] {
  const hosts = new Map<string, number>();
  for (const { host, requestsCount } of apis) hosts.set(host, (hosts.get(host) ?? 0) + requestsCount);
  return [...hosts].map(([host, count]) => ({ host, count })).sort((a, b) => b.count - a.count);
}
