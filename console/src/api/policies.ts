import { queryOptions } from "@tanstack/react-query";
import { call } from "./client";
import { boundsOf, type TimeRange } from "./range";
import type { Policy, PolicyMode } from "./types";

export const versionsQuery = (id: string) =>
  queryOptions({
    queryKey: ["policy-versions", id],
    queryFn: async ({ signal }) =>
      (await call("fetchFilterYamlTemplateVersions", { templateId: id }, signal)).versions,
  });

export const savePolicy = (content: string) => call("saveFilterYamlTemplate", { content });
export const deletePolicy = (id: string) => call("deleteFilterYamlTemplate", { templateId: id });
export const restorePolicy = (id: string) => call("restoreFilterYamlTemplate", { templateId: id });
export const setPolicyMode = ({ id, mode }: { id: string; mode: PolicyMode }) =>
  call("setFilterYamlTemplateMode", { templateId: id, mode });
export const rollBackPolicy = ({ id, version }: { id: string; version: number }) =>
  call("rollbackFilterYamlTemplate", { templateId: id, version });

export const tryOnSample = ({ content, sample }: { content: string; sample: string }, signal?: AbortSignal) =>
  call("testFilterYamlTemplate", { content, sample }, signal);

export const tryOnStored = ({ content, range }: { content: string; range: TimeRange }) =>
  call("testFilterYamlTemplate", { content, ...boundsOf(range) });

/** How many events each policy raised: where several share a sub-category, they are asked for one by one. */
export const policyHitsQuery = (range: TimeRange, policies: Pick<Policy, "id" | "info">[]) =>
  queryOptions({
    queryKey: ["policy-hits", range, policies.map(({ id }) => id)],
    queryFn: async ({ signal }): Promise<Record<string, number>> => {
      const bounds = boundsOf(range);
      const counted = async (latestAttack: string[]) =>
        (await call("fetchThreatCategoryCount", { ...bounds, latestAttack }, signal)).categoryCounts;
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
