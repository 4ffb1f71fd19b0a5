import { type ActivitySearch, parseActivitySearch } from "../search";

/** A named way to look at Threat activity. */
export interface SavedView {
  name: string;
  search: ActivitySearch;
}

const KEY = "portcullis.activity.views";
const MOST = 50;
export const LONGEST_NAME = 60;

/** What this browser keeps. What somebody else wrote there is read as an address is: what does not fit is left out. */
export function readViews(storage: Pick<Storage, "getItem"> = localStorage): SavedView[] {
  try {
    const kept: unknown = JSON.parse(storage.getItem(KEY) ?? "[]");
    if (!Array.isArray(kept)) return [];
    return kept.flatMap((one: unknown) => {
      const { name, search } = (one ?? {}) as Record<string, unknown>;
      if (typeof name !== "string" || name === "" || typeof search !== "object" || search === null) return [];
      return [{ name, search: viewOf(parseActivitySearch(search as Record<string, unknown>)) }];
    });
  } catch {
    // No storage, or no JSON in it: as if nothing had been saved.
    return [];
  }
}

/** Throws where the browser keeps nothing, as in some private windows. */
export function writeViews(views: SavedView[], storage: Pick<Storage, "setItem"> = localStorage): void {
  storage.setItem(KEY, JSON.stringify(views.slice(0, MOST)));
}

/** With this view; one of the same name gives way to it. */
export function withView(views: SavedView[], view: SavedView): SavedView[] {
  const others = views.filter(({ name }) => name !== view.name);
  return [...others, { ...view, search: viewOf(view.search) }].sort((a, b) => a.name.localeCompare(b.name));
}

/** What a view keeps of an address: not which event is open, and how. */
function viewOf({ view: _, ...search }: ActivitySearch): ActivitySearch {
  return search;
}
