import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { REFRESH_MS } from "./queries";
import type { Applied, CommandReply } from "./types";

/** Whom no sensor drops, whatever is blocked. */
export interface Allowed {
  cidr: string;
  reason: string;
  author: string;
  createdAt: number;
  revision: number;
  sensors: Applied;
}

export const allowedQuery = queryOptions({
  queryKey: ["allowed"],
  queryFn: async ({ signal }) => (await call<{ allowed: Allowed[] }>("fetchAllowed", {}, signal)).allowed,
  refetchInterval: REFRESH_MS,
});

export const addAllowed = (one: { cidr: string; reason: string }) => call<CommandReply>("addAllowed", one);
export const removeAllowed = (cidr: string) => call<CommandReply>("removeAllowed", { cidr });

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

interface ImportReply extends CommandReply {
  accepted: number;
  problems: { index: number; cidr: string; problem: string }[];
}

export type List = "blocks" | "allowed";

export function importList(list: List, entries: Entry[], { reason, ttlSeconds, dryRun }: ImportTerms) {
  if (list === "allowed") return call<ImportReply>("importAllowed", { allowed: entries, reason, dryRun });
  const end = ttlSeconds === null ? { permanent: true } : { ttlSeconds };
  return call<ImportReply>("importBlocks", { blocks: entries, reason, dryRun, ...end });
}
