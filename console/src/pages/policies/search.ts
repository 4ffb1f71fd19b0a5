import { oneOf, parseRange, type RangeSearch, texts } from "../../shared/search";

export const POLICY_SORTS = ["id", "severity", "hits", "ignored"] as const;
export type PolicySort = (typeof POLICY_SORTS)[number];

export interface PoliciesSearch extends RangeSearch {
  q?: string | undefined;
  sort?: PolicySort | undefined;
  /** The other way round than is usual for what it is sorted by. */
  order?: "reversed" | undefined;
}

export function parsePoliciesSearch(raw: Record<string, unknown>): PoliciesSearch {
  const q = texts(raw["q"])?.[0];
  const sort = oneOf(POLICY_SORTS, raw["sort"]);
  const order = oneOf(["reversed"], raw["order"]);
  return { ...parseRange(raw), ...(q ? { q } : {}), ...(sort ? { sort } : {}), ...(order ? { order } : {}) };
}

export const POLICY_TABS = ["text", "versions", "about"] as const;
export type PolicyTab = (typeof POLICY_TABS)[number];

export interface PolicySearch extends RangeSearch {
  tab?: PolicyTab | undefined;
}

export function parsePolicySearch(raw: Record<string, unknown>): PolicySearch {
  const tab = oneOf(POLICY_TABS, raw["tab"]);
  return { ...parseRange(raw), ...(tab ? { tab } : {}) };
}
