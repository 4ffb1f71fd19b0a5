import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { parseSample } from "../sample/sample";
import { call, send } from "./client";
import { boundsOf, type TimeRange, timestampsOf } from "./range";
import type { Actor, EventFilter, Page, Session, ThreatEvent } from "./types";

/** How often a page that shows live things asks again. A hidden browser tab does not ask. */
export const REFRESH_MS = 4_000;

export type Direction = 1 | -1;

const live = { refetchInterval: REFRESH_MS, placeholderData: keepPreviousData } as const;

/** How else than with a password or a key one may log in. */
export interface LogInWays {
  oidc: { name: string; path: string } | null;
  /** Whether a name with a password opens it. */
  password?: boolean;
}

export const logInWaysQuery = queryOptions({
  queryKey: ["log-in ways"],
  queryFn: async () => (await send("GET", "/session/ways")) as LogInWays,
  staleTime: Number.POSITIVE_INFINITY,
});

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async () => (await send("GET", "/session")) as Session,
  staleTime: 60_000,
  retry: false,
});

/** `until`, an epoch second, leaves out what came later. */
export const eventsQuery = (
  filter: EventFilter,
  range: TimeRange,
  page: Page,
  direction: Direction,
  until?: number,
) =>
  queryOptions({
    queryKey: ["events", filter, range, page, direction, until],
    queryFn: ({ signal }) =>
      call(
        "fetchSuspectSampleData",
        { ...filter, ...timestampsOf(range, until), ...page, sort: { detectedAt: direction } },
        signal,
      ),
    ...live,
  });

export const eventQuery = (id: string) =>
  queryOptions({
    queryKey: ["event", id],
    queryFn: async ({ signal }): Promise<ThreatEvent | null> => {
      const page = await call("fetchSuspectSampleData", { eventIds: [id], limit: 1 }, signal);
      return page.maliciousEvents.find((event) => event.id === id) ?? null;
    },
    refetchInterval: REFRESH_MS,
  });

export const samplesQuery = (event: Pick<ThreatEvent, "refId" | "eventType" | "actor" | "filterId">) =>
  queryOptions({
    queryKey: ["samples", event.refId, event.eventType, event.actor, event.filterId],
    queryFn: async ({ signal }) => {
      const { refId, eventType, actor, filterId } = event;
      const request = { refId, eventType, actor, filterId };
      const reply = await call("fetchAggregateMaliciousRequests", request, signal);
      return (reply.maliciousPayloadsResponses ?? []).map(parseSample);
    },
    staleTime: 60_000,
  });

export const filterValuesQuery = (range: TimeRange) =>
  queryOptions({
    queryKey: ["filter-values", range],
    queryFn: ({ signal }) => call("fetchFiltersThreatTable", timestampsOf(range), signal),
    staleTime: 15_000,
    placeholderData: keepPreviousData,
  });

export const remediationQuery = (policyId: string) =>
  queryOptions({
    queryKey: ["remediation", policyId],
    queryFn: async ({ signal }) =>
      (await call("fetchRemediationInfo", { testId: policyId }, signal)).remediation,
    staleTime: 300_000,
    retry: false,
  });

export const severityCountsQuery = (range: TimeRange) =>
  queryOptions({
    queryKey: ["severity-counts", range],
    queryFn: async ({ signal }) =>
      (await call("fetchCountBySeverity", boundsOf(range), signal)).categoryCounts,
    ...live,
  });

export const categoryCountsQuery = (range: TimeRange) =>
  queryOptions({
    queryKey: ["category-counts", range],
    queryFn: async ({ signal }) =>
      (await call("fetchThreatCategoryCount", boundsOf(range), signal)).categoryCounts,
    ...live,
  });

export const timelineQuery = (range: TimeRange) =>
  queryOptions({
    queryKey: ["timeline", range],
    queryFn: async ({ signal }) =>
      (await call("getThreatActivityTimeline", boundsOf(range), signal)).threatActivityTimelines,
    ...live,
  });

export const actorTotalsQuery = (range: TimeRange) =>
  queryOptions({
    queryKey: ["actor-totals", range],
    queryFn: ({ signal }) => call("getDailyThreatActorsCount", boundsOf(range), signal),
    ...live,
  });

export const actorsQuery = (
  range: TimeRange,
  page: Page,
  { actor, country }: { actor?: string | undefined; country?: string | undefined },
) =>
  queryOptions({
    queryKey: ["actors", range, page, actor, country],
    queryFn: ({ signal }) =>
      call(
        "fetchThreatActors",
        {
          ...boundsOf(range),
          ...page,
          sort: { discoveredAt: -1 },
          ...(actor ? { actorId: [actor] } : {}),
          ...(country ? { country: [country] } : {}),
        },
        signal,
      ),
    ...live,
  });

/** As many attempts of one actor as the control plane gives at once. */
export const MOST_ATTEMPTS = 1_000;

export const actorActivityQuery = (actor: string) =>
  queryOptions({
    queryKey: ["actor-activity", actor],
    queryFn: async ({ signal }) =>
      (await call("fetchThreatsForActor", { actor, limit: MOST_ATTEMPTS }, signal)).actorActivities,
    ...live,
  });

/** Everything that is kept of one actor; `null` where nothing is. */
export const actorQuery = (id: string) =>
  queryOptions({
    queryKey: ["actor", id],
    queryFn: async ({ signal }): Promise<Actor | null> => {
      const request = { ...boundsOf("all"), actorId: [id], skip: 0, limit: 1 };
      return (await call("fetchThreatActors", request, signal)).actors[0] ?? null;
    },
    refetchInterval: REFRESH_MS,
  });

export type ApiSort = "discoveredAt" | "requestsCount" | "actorsCount";

export const threatApisQuery = (range: TimeRange, page: Page, sort: ApiSort, direction: Direction) =>
  queryOptions({
    queryKey: ["apis", range, page, sort, direction],
    queryFn: ({ signal }) =>
      call("fetchThreatApis", { ...boundsOf(range), ...page, sort: { [sort]: direction } }, signal),
    ...live,
  });

export const policiesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: async ({ signal }) => (await call("fetchFilterYamlTemplate", {}, signal)).templates,
  staleTime: 60_000,
  refetchInterval: 60_000,
});

/** The list changes while it is read: pages go on where the one before ended. */
export const blocklistQuery = (search: string) =>
  infiniteQueryOptions({
    queryKey: ["blocklist", search],
    queryFn: ({ signal, pageParam: cursor }) =>
      call("fetchBlocklist", { search, limit: BLOCKS_AT_ONCE, cursor }, signal),
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
    refetchInterval: REFRESH_MS,
    placeholderData: keepPreviousData,
  });

const BLOCKS_AT_ONCE = 200;

export const blockCountQuery = queryOptions({
  queryKey: ["block-count"],
  queryFn: async ({ signal }) => (await call("fetchBlocklist", { limit: 0 }, signal)).total,
  ...live,
});

/** The blocks in force that cover an address, however long the list is. */
export const blocksOverQuery = (address: string) =>
  queryOptions({
    queryKey: ["blocks-over", address],
    queryFn: async ({ signal }) =>
      (await call("fetchBlocklist", { covers: address, limit: 10 }, signal)).blocks,
    ...live,
  });

export const inventoryQuery = (page: Page, text: string, sort: InventorySort, direction: Direction) =>
  queryOptions({
    queryKey: ["inventory", page, text, sort, direction],
    queryFn: ({ signal }) =>
      call("fetchInventory", { ...page, searchText: text, sort: { [sort]: direction } }, signal),
    ...live,
  });

export type InventorySort = "lastSeen" | "firstSeen" | "requests" | "template";

/** Newest first, page by page. */
export const auditQuery = (range: TimeRange, searchText: string) =>
  infiniteQueryOptions({
    queryKey: ["audit", range, searchText],
    queryFn: ({ signal, pageParam: cursor }) =>
      call("fetchAudit", { ...timestampsOf(range), searchText, cursor }, signal),
    initialPageParam: null as number | null,
    getNextPageParam: ({ next }) => next,
  });
