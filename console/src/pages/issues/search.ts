import { ISSUE_SORTS, type IssueSort } from "../../api/issues";
import { SPANS, type Span } from "../../api/range";
import type { IssueFilter, IssueSource, IssueStatus } from "../../api/types";
import { SEVERITIES } from "../../shared/Severity";
import { compacted, oneOf, parseRange, type RangeSearch, texts } from "../../shared/search";

export const TABS = { open: "OPEN", fixed: "FIXED", ignored: "IGNORED" } as const satisfies Record<
  string,
  IssueStatus
>;
export type Tab = keyof typeof TABS;

export const SOURCES = ["PASSIVE", "ACTIVE", "IMPORT"] as const satisfies IssueSource[];

/** Issues as the address bar carries them; what is at its default is absent. */
export interface IssuesSearch extends RangeSearch {
  tab?: Tab;
  q?: string;
  severity?: string[];
  source?: string[];
  method?: string[];
  host?: string[];
  endpoint?: string[];
  category?: string[];
  check?: string[];
  /** Found within this span; an old weakness is one still, so the pages' common range does not hide it. */
  found?: Span;
  sort?: IssueSort;
  order?: "ascending";
}

export function parseIssuesSearch(raw: Record<string, unknown>): IssuesSearch {
  return compacted({
    ...parseRange(raw),
    tab: oneOf(["fixed", "ignored"], raw["tab"]),
    q: texts(raw["q"])?.[0],
    severity: texts(raw["severity"])?.filter((one) => SEVERITIES.some((known) => known === one)),
    source: texts(raw["source"])?.filter((one) => SOURCES.some((known) => known === one)),
    method: texts(raw["method"]),
    host: texts(raw["host"]),
    endpoint: texts(raw["endpoint"]),
    category: texts(raw["category"]),
    check: texts(raw["check"]),
    found: oneOf(Object.keys(SPANS) as Span[], raw["found"]),
    sort: oneOf(ISSUE_SORTS, raw["sort"]),
    order: oneOf(["ascending"], raw["order"]),
  });
}

export const FILTER_KEYS = [
  ...(["q", "severity", "source", "method", "host"] as const),
  ...(["endpoint", "category", "check", "found"] as const),
] as const;

export const isFiltered = (search: IssuesSearch): boolean =>
  FILTER_KEYS.some((key) => search[key] !== undefined);

/** The REST filter of this search, without its status and its time. */
export const filterOf = (search: IssuesSearch): IssueFilter =>
  compacted({
    searchText: search.q,
    severity: search.severity,
    source: search.source,
    method: search.method,
    hosts: search.host,
    endpoints: search.endpoint,
    category: search.category,
    checkIds: search.check,
  });

/** When it was found last, in whole minutes, so that a page drawn again asks for the same. */
export const foundOf = ({ found }: IssuesSearch, now: number): IssueFilter =>
  found ? { startTimestamp: Math.floor((now - SPANS[found]) / 60) * 60 } : {};
