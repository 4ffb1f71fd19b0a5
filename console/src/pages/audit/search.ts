import { parseRange, type RangeSearch } from "../../shared/search";

export interface AuditSearch extends RangeSearch {
  q?: string | undefined;
}

export function parseAuditSearch(raw: Record<string, unknown>): AuditSearch {
  const q = raw["q"];
  return { ...parseRange(raw), ...(typeof q === "string" && q !== "" ? { q } : {}) };
}
