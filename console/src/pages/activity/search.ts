import type { EventFilter, EventStatus } from "../../api/types";
import { SEVERITIES } from "../../shared/Severity";
import { compacted, oneOf, parseRange, type RangeSearch, texts } from "../../shared/search";

export const TABS = {
  active: "ACTIVE",
  review: "UNDER_REVIEW",
  ignored: "IGNORED",
} as const satisfies Record<string, EventStatus>;
export type Tab = keyof typeof TABS;

export const VIEWS = ["overview", "timeline", "values", "remediation"] as const;
export type View = (typeof VIEWS)[number];

/** Threat activity as the address bar carries it; what is at its default is absent. */
export interface ActivitySearch extends RangeSearch {
  tab?: Tab;
  q?: string;
  actor?: string[];
  url?: string[];
  host?: string[];
  type?: string[];
  method?: string[];
  collection?: number[];
  sensor?: string[];
  attack?: string[];
  severity?: string[];
  success?: "yes" | "no";
  sort?: "oldest";
  /** The open tab of the event's drawer. */
  view?: View;
}

export function parseActivitySearch(raw: Record<string, unknown>): ActivitySearch {
  return compacted({
    ...parseRange(raw),
    tab: oneOf(["review", "ignored"], raw["tab"]),
    q: texts(raw["q"])?.[0],
    actor: texts(raw["actor"]),
    url: texts(raw["url"]),
    host: texts(raw["host"]),
    type: texts(raw["type"])?.filter((type) => type === "Rule-Based" || type === "Anomaly"),
    method: texts(raw["method"]),
    collection: texts(raw["collection"])
      ?.filter((id) => /^-?\d{1,15}$/.test(id))
      .map(Number),
    sensor: texts(raw["sensor"]),
    attack: texts(raw["attack"]),
    severity: texts(raw["severity"])?.filter((severity) => SEVERITIES.some((known) => known === severity)),
    success: oneOf(["yes", "no"], raw["success"]),
    sort: oneOf(["oldest"], raw["sort"]),
    view: oneOf(VIEWS, raw["view"]),
  });
}

export const FILTER_KEYS = [
  ...(["q", "severity", "attack", "actor", "url", "host", "success"] as const),
  ...(["type", "method", "collection", "sensor"] as const),
] as const;

export const isFiltered = (search: ActivitySearch): boolean =>
  FILTER_KEYS.some((key) => search[key] !== undefined);

/** The REST filter for one tab of this search. */
export function filterOf(search: ActivitySearch, tab: Tab): EventFilter {
  return compacted({
    statusFilter: TABS[tab],
    searchText: search.q,
    ips: search.actor,
    urls: search.url,
    hosts: search.host,
    types: search.type,
    method: search.method,
    apiCollectionIds: search.collection,
    sensorIds: search.sensor,
    latestAttack: search.attack,
    severity: search.severity,
    successfulExploit: search.success && search.success === "yes",
  });
}
