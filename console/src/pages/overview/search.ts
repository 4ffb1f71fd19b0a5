import type { Severity } from "../../api/types";
import { SEVERITIES } from "../../shared/Severity";
import { oneOf, parseRange, type RangeSearch, texts } from "../../shared/search";

/** The overview as the address bar carries it. */
export interface OverviewSearch extends RangeSearch {
  severity?: Severity | undefined;
  /** A sub-category, as the counts name it. */
  kind?: string | undefined;
}

export function parseOverviewSearch(raw: Record<string, unknown>): OverviewSearch {
  const severity = oneOf(SEVERITIES, raw["severity"]);
  const kind = texts(raw["kind"])?.[0];
  return { ...parseRange(raw), ...(severity ? { severity } : {}), ...(kind ? { kind } : {}) };
}
