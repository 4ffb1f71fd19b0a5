import { parseRange, type RangeSearch, texts, wholeNumber } from "../../shared/search";

export interface ActorsSearch extends RangeSearch {
  actor?: string;
  country?: string | undefined;
  page?: number;
}

export function parseActorsSearch(raw: Record<string, unknown>): ActorsSearch {
  const actor = texts(raw["actor"])?.[0];
  const page = wholeNumber(raw["page"]);
  const country = texts(raw["country"])?.[0]?.toUpperCase();
  return {
    ...parseRange(raw),
    ...(actor ? { actor } : {}),
    ...(country && /^[A-Z]{2}$/.test(country) ? { country } : {}),
    ...(page ? { page } : {}),
  };
}
