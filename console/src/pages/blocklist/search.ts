import { oneOf, parseRange, type RangeSearch, texts } from "../../shared/search";

export interface BlocklistSearch extends RangeSearch {
  list?: "allowed" | undefined;
  q?: string | undefined;
}

export function parseBlocklistSearch(raw: Record<string, unknown>): BlocklistSearch {
  const list = oneOf(["allowed"], raw["list"]);
  const q = texts(raw["q"])?.[0];
  return { ...parseRange(raw), ...(list ? { list } : {}), ...(q ? { q } : {}) };
}
