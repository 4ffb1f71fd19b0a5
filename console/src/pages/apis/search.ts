import type { ApiSort } from "../../api/queries";
import { oneOf, parseRange, type RangeSearch, wholeNumber } from "../../shared/search";

export interface ApisSearch extends RangeSearch {
  sort?: ApiSort;
  order?: "ascending";
  page?: number;
}

export function parseApisSearch(raw: Record<string, unknown>): ApisSearch {
  const sort = oneOf(["discoveredAt", "requestsCount", "actorsCount"], raw["sort"]);
  const order = oneOf(["ascending"], raw["order"]);
  const page = wholeNumber(raw["page"]);
  return {
    ...parseRange(raw),
    ...(sort ? { sort } : {}),
    ...(order ? { order } : {}),
    ...(page ? { page } : {}),
  };
}
