import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { type Direction, REFRESH_MS } from "./queries";
import type { Page } from "./types";

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
      call("fetchSuppressions", { ...page, searchText, sort: { [sort]: direction } }, signal),
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
  return call("addSuppression", {
    ...rest,
    ...termsOf(ttlSeconds),
  });
};

export const extendSuppression = ({ id, ttlSeconds }: { id: string; ttlSeconds: number | null }) =>
  call("extendSuppression", { id, ...termsOf(ttlSeconds) });

export const removeSuppression = (id: string) => call("removeSuppression", { id });
