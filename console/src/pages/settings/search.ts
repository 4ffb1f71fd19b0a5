import { oneOf, parseRange, type RangeSearch } from "../../shared/search";

export const SETTINGS_TABS = [
  "users",
  "keys",
  "notifications",
  "tickets",
  "configuration",
  "accounts",
] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export interface SettingsSearch extends RangeSearch {
  tab?: SettingsTab;
}

export function parseSettingsSearch(raw: Record<string, unknown>): SettingsSearch {
  const tab = oneOf(SETTINGS_TABS, raw["tab"]);
  return { ...parseRange(raw), ...(tab ? { tab } : {}) };
}
