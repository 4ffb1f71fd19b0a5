import type { InventorySort } from "../../api/queries";
import { oneOf, parseRange, type RangeSearch, texts, wholeNumber } from "../../shared/search";

export interface InventorySearch extends RangeSearch {
  q?: string | undefined;
  sort?: InventorySort | undefined;
  order?: "ascending" | undefined;
  page?: number | undefined;
}

export function parseInventorySearch(raw: Record<string, unknown>): InventorySearch {
  const q = texts(raw["q"])?.[0];
  const sort = oneOf(["lastSeen", "firstSeen", "requests", "template"], raw["sort"]);
  const order = oneOf(["ascending"], raw["order"]);
  const page = wholeNumber(raw["page"]);
  return {
    ...parseRange(raw),
    ...(q ? { q } : {}),
    ...(sort ? { sort } : {}),
    ...(order ? { order } : {}),
    ...(page ? { page } : {}),
  };
}
