import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { REFRESH_MS } from "./queries";
import { boundsOf, type TimeRange } from "./range";
import type { Bounds, Severity } from "./types";

// Rankings cost the store more than counts and change less.
const RANKING_MS = 30_000;
const ranking = { refetchInterval: RANKING_MS, placeholderData: keepPreviousData } as const;

/** What narrows the overview. Calls that count take policies, those that list events take sub-categories. */
export interface Narrowing {
  severity?: Severity | undefined;
  kind?: string | undefined;
  policies?: string[] | undefined;
}

export interface Counted {
  bySeverity: Record<string, number>;
  exploits: number;
  actors: number;
}

/** What happened in a stretch of time. One that is over is asked for once. */
export const countedQuery = ({ startTs, endTs }: Bounds, isOpen: boolean, narrowing: Narrowing) =>
  queryOptions({
    queryKey: ["counted", startTs, endTs, narrowing],
    queryFn: async ({ signal }): Promise<Counted> => {
      const latestAttack = narrowing.policies ?? [];
      const bounds = { startTs, endTs };
      const [severities, exploits, actors] = await Promise.all([
        call("fetchCountBySeverity", { ...bounds, latestAttack }, signal),
        call(
          "fetchSuspectSampleData",
          {
            startTimestamp: startTs,
            endTimestamp: endTs,
            successfulExploit: true,
            ...(narrowing.severity ? { severity: [narrowing.severity] } : {}),
            ...(narrowing.kind ? { subCategory: [narrowing.kind] } : {}),
            limit: 0,
          },
          signal,
        ),
        call("fetchThreatActors", { ...bounds, latestAttack, skip: 0, limit: 0 }, signal),
      ]);
      const counts = severities.categoryCounts.filter(
        ({ subCategory }) => !narrowing.severity || subCategory === narrowing.severity,
      );
      return {
        bySeverity: Object.fromEntries(counts.map(({ subCategory, count }) => [subCategory, count])),
        exploits: exploits.total,
        actors: actors.total,
      };
    },
    ...(isOpen
      ? { refetchInterval: 2 * REFRESH_MS, placeholderData: keepPreviousData }
      : { staleTime: 10 * 60_000 }),
  });

export const countriesQuery = (range: TimeRange, policies: string[] = []) =>
  queryOptions({
    queryKey: ["countries", range, policies],
    queryFn: async ({ signal }) =>
      (await call("getActorsCountPerCountry", { ...boundsOf(range), latestAttack: policies }, signal))
        .actorsCountPerCountry,
    ...ranking,
  });

/** As many endpoints as the control plane gives at once, the most attacked first. */
export const MOST_ENDPOINTS = 1_000;

export const topApisQuery = (range: TimeRange, policies: string[] = []) =>
  queryOptions({
    queryKey: ["top-apis", range, policies],
    queryFn: ({ signal }) =>
      call(
        "fetchThreatApis",
        {
          ...boundsOf(range),
          latestAttack: policies,
          skip: 0,
          limit: MOST_ENDPOINTS,
          sort: { requestsCount: -1 },
        },
        signal,
      ),
    ...ranking,
  });

/** The control plane sorts actors by time alone: the busiest are looked for among these. */
export const LATEST_ACTORS = 100;

export const latestActorsQuery = (range: TimeRange, policies: string[] = []) =>
  queryOptions({
    queryKey: ["latest-actors", range, policies],
    queryFn: async ({ signal }) =>
      (
        await call(
          "fetchThreatActors",
          {
            ...boundsOf(range),
            latestAttack: policies,
            skip: 0,
            limit: LATEST_ACTORS,
            sort: { discoveredAt: -1 },
          },
          signal,
        )
      ).actors,
    ...ranking,
  });
