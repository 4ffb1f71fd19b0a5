/** As many ids as the control plane takes in one request. */
export const MOST_IDS = 1_000;

/** Rows chosen one by one, or everything that a filter with fixed times selects. */
export type Selection<Filter> =
  | { kind: "some"; ids: ReadonlySet<string> }
  | { kind: "all"; filter: Filter; total: number };

export const NONE: Selection<never> = { kind: "some", ids: new Set() };

export const isChosen = (selection: Selection<unknown>, id: string): boolean =>
  selection.kind === "all" || selection.ids.has(id);

export const sizeOf = (selection: Selection<unknown>): number =>
  selection.kind === "all" ? selection.total : selection.ids.size;

/** With these ids taken in or out. Taking one out of «everything» leaves what the screen shows of the others. */
export function toggled(
  selection: Selection<unknown>,
  ids: string[],
  chosen: boolean,
  shown: string[] = [],
): Selection<never> {
  const next = new Set(selection.kind === "all" ? shown : selection.ids);
  for (const id of ids) {
    if (chosen) next.add(id);
    else next.delete(id);
  }
  return { kind: "some", ids: next };
}

/** What selects the same in a request; `byIds` names rows one by one. */
export function selectorOf<Filter>(selection: Selection<Filter>, byIds: (ids: string[]) => Filter): Filter {
  return selection.kind === "all" ? selection.filter : byIds([...selection.ids]);
}
