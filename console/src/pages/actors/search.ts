import { parseRange, type RangeSearch, texts, wholeNumber } from "../../shared/search";

export interface ActorsSearch extends RangeSearch {
  actor?: string;
  page?: number;
}

export function parseActorsSearch(raw: Record<string, unknown>): ActorsSearch {
  const actor = texts(raw["actor"])?.[0];
  const page = wholeNumber(raw["page"]);
  return { ...parseRange(raw), ...(actor ? { actor } : {}), ...(page ? { page } : {}) };
}
