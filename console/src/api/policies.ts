import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { boundsOf, type TimeRange } from "./range";
import type { CategoryCount, CommandReply, EventType, Match, Policy, PolicyMode, Severity } from "./types";

/** What became of a policy at one time. */
export interface PolicyVersion {
  version: number;
  step: "saved" | "deleted" | "restored";
  /** `null` where it was deleted or restored. */
  content: string | null;
  author: string;
  at: number;
  revision: number;
}

export const versionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["policy-versions", id],
    queryFn: async ({ signal }) =>
      (
        await call<{ versions: PolicyVersion[] }>(
          "fetchFilterYamlTemplateVersions",
          { templateId: id },
          signal,
        )
      ).versions,
  });

/** Of the policy's own examples, those that it judges otherwise than they say. */
export interface Examples {
  missed: string[];
  accused: string[];
}

export type SavedReply = CommandReply & {
  template: Policy;
  examples: Examples;
  refused?: { node: string; what: string; reason: string }[];
};

export const savePolicy = (content: string) => call<SavedReply>("saveFilterYamlTemplate", { content });
export const deletePolicy = (id: string) =>
  call<CommandReply>("deleteFilterYamlTemplate", { templateId: id });
export const restorePolicy = (id: string) =>
  call<CommandReply>("restoreFilterYamlTemplate", { templateId: id });
export const setPolicyMode = ({ id, mode }: { id: string; mode: PolicyMode }) =>
  call<SavedReply>("setFilterYamlTemplateMode", { templateId: id, mode });
export const rollBackPolicy = ({ id, version }: { id: string; version: number }) =>
  call<SavedReply>("rollbackFilterYamlTemplate", { templateId: id, version });

/** What a policy would find; those of stored traffic say in which event. */
export interface TrialMatch {
  eventId?: string;
  actor?: string;
  method?: string;
  url?: string;
  host?: string;
  timestamp?: number;
  /** The policy that the event was told by. */
  latestAttack?: string;
  eventType: EventType;
  severity: Severity;
  matchCount: number;
  matched: Match[];
  successfulExploit: boolean;
}

export interface Trial {
  matches: TrialMatch[];
  evaluated: number;
  /** Also those below an aggregation rule's count. */
  matching: number;
  total: number;
  isCut: boolean;
}

export const tryOnSample = ({ content, sample }: { content: string; sample: string }, signal?: AbortSignal) =>
  call<Trial>("testFilterYamlTemplate", { content, sample }, signal);

export const tryOnStored = ({ content, range }: { content: string; range: TimeRange }) =>
  call<Trial>("testFilterYamlTemplate", { content, ...boundsOf(range) });

/** How many events each policy raised: where several share a sub-category, they are asked for one by one. */
export const policyHitsQuery = (range: TimeRange, policies: Pick<Policy, "id" | "info">[]) =>
  queryOptions({
    queryKey: ["policy-hits", range, policies.map(({ id }) => id)],
    queryFn: async ({ signal }): Promise<Record<string, number>> => {
      const bounds = boundsOf(range);
      const counted = async (latestAttack: string[]) =>
        (
          await call<{ categoryCounts: CategoryCount[] }>(
            "fetchThreatCategoryCount",
            { ...bounds, latestAttack },
            signal,
          )
        ).categoryCounts;
      const bySubCategory = new Map(
        (await counted([])).map(({ subCategory, count }) => [subCategory, count] as const),
      );
      const hits = await Promise.all(
        policies.map(async ({ id, info: { subCategory } }) => {
          const count = bySubCategory.get(subCategory) ?? 0;
          const isShared = policies.filter(({ info }) => info.subCategory === subCategory).length > 1;
          if (count === 0 || !isShared) return [id, count] as const;
          return [id, (await counted([id])).reduce((sum, { count }) => sum + count, 0)] as const;
        }),
      );
      return Object.fromEntries(hits);
    },
    enabled: policies.length > 0,
    staleTime: 30_000,
    refetchInterval: 30_000,
  });
