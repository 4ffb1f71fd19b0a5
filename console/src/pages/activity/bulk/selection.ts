import type { EventFilter } from "../../../api/types";

/** As many ids as the control plane takes in one request. */
export const MOST_IDS = 1_000;

/** Events chosen one by one, or everything that a filter with fixed times selects. */
export type Selection =
  | { kind: "some"; ids: ReadonlySet<string> }
  | { kind: "all"; filter: EventFilter; total: number };

export const NONE: Selection = { kind: "some", ids: new Set() };

export const isChosen = (selection: Selection, id: string): boolean =>
  selection.kind === "all" || selection.ids.has(id);

export const sizeOf = (selection: Selection): number =>
  selection.kind === "all" ? selection.total : selection.ids.size;

/** With these ids taken in or out. Taking one out of «everything» leaves what the screen shows of the others. */
export function toggled(
  selection: Selection,
  ids: string[],
  chosen: boolean,
  shown: string[] = [],
): Selection {
  const next = new Set(selection.kind === "all" ? shown : selection.ids);
  for (const id of ids) {
    if (chosen) next.add(id);
    else next.delete(id);
  }
  return { kind: "some", ids: next };
}

/** The selector of a bulk request. */
export function selectorOf(selection: Selection): EventFilter {
  return selection.kind === "all" ? selection.filter : { eventIds: [...selection.ids] };
}
