import { SUPPRESSION_SORTS, type SuppressionSort } from "../../api/suppressions";
import { oneOf, parseRange, type RangeSearch, texts, wholeNumber } from "../../shared/search";

export interface SuppressionsSearch extends RangeSearch {
  q?: string | undefined;
  sort?: SuppressionSort;
  order?: "ascending" | undefined;
  page?: number | undefined;
}

export function parseSuppressionsSearch(raw: Record<string, unknown>): SuppressionsSearch {
  const q = texts(raw["q"])?.[0];
  const sort = oneOf(SUPPRESSION_SORTS, raw["sort"]);
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
