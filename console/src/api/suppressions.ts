import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { type Direction, REFRESH_MS } from "./queries";
import type { CommandReply, Page } from "./types";

/** A combination that raises no events. An empty field stands for any. */
export interface Suppression {
  id: string;
  actor: string;
  filterId: string;
  method: string;
  url: string;
  host: string;
  reason: string;
  author: string;
  createdAt: number;
  /** `null` for ever. */
  expiresAt: number | null;
  /** Events held back, here and on sensors. */
  hits: number;
  sensorHits: number;
  lastHitAt: number | null;
}

export const SUPPRESSION_SORTS = ["createdAt", "expiresAt", "hits", "lastHitAt"] as const;
export type SuppressionSort = (typeof SUPPRESSION_SORTS)[number];

export const suppressionsQuery = (
  page: Page,
  searchText: string,
  sort: SuppressionSort,
  direction: Direction,
) =>
  queryOptions({
    queryKey: ["suppressions", page, searchText, sort, direction],
    queryFn: ({ signal }) =>
      call<{ suppressions: Suppression[]; total: number }>(
        "fetchSuppressions",
        { ...page, searchText, sort: { [sort]: direction } },
        signal,
      ),
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });

export interface Combination {
  actor?: string;
  filterId?: string;
  method?: string;
  url?: string;
  host?: string;
}

/** `null` for no end. */
const termsOf = (ttlSeconds: number | null) => (ttlSeconds === null ? { permanent: true } : { ttlSeconds });

export const addSuppression = (one: Combination & { ttlSeconds: number | null; reason: string }) => {
  const { ttlSeconds, ...rest } = one;
  return call<CommandReply & { suppression: Suppression }>("addSuppression", {
    ...rest,
    ...termsOf(ttlSeconds),
  });
};

export const extendSuppression = ({ id, ttlSeconds }: { id: string; ttlSeconds: number | null }) =>
  call<CommandReply>("extendSuppression", { id, ...termsOf(ttlSeconds) });

export const removeSuppression = (id: string) => call<CommandReply>("removeSuppression", { id });
