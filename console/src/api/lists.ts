import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { REFRESH_MS } from "./queries";

export const allowedQuery = queryOptions({
  queryKey: ["allowed"],
  queryFn: async ({ signal }) => (await call("fetchAllowed", {}, signal)).allowed,
  refetchInterval: REFRESH_MS,
});

export const addAllowed = (one: { cidr: string; reason: string }) => call("addAllowed", one);
export const removeAllowed = (cidr: string) => call("removeAllowed", { cidr });

/** One prefix of a list that somebody brings. */
export interface Entry {
  cidr: string;
  reason?: string;
}

export interface ImportTerms {
  reason: string;
  /** For blocks alone; `null` for no end. */
  ttlSeconds: number | null;
  /** Only says what is wrong. */
  dryRun: boolean;
}

export type List = "blocks" | "allowed";

export function importList(list: List, entries: Entry[], { reason, ttlSeconds, dryRun }: ImportTerms) {
  if (list === "allowed") return call("importAllowed", { allowed: entries, reason, dryRun });
  const end = ttlSeconds === null ? { permanent: true } : { ttlSeconds };
  return call("importBlocks", { blocks: entries, reason, dryRun, ...end });
}
