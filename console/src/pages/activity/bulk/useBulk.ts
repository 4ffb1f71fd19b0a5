import { useState } from "react";
import { type TimeRange, timestampsOf } from "../../../api/range";
import type { EventFilter } from "../../../api/types";
import type { RowSelection } from "../../../shared/VirtualTable";
import type { EventWindow } from "../list/useEventWindow";
import { isChosen, NONE, type Selection, sizeOf, toggled } from "./selection";

export interface Bulk {
  selection: Selection;
  rows: RowSelection;
  /** What the list shows, its times fixed as of now. */
  listed: () => EventFilter;
  chooseAll: () => void;
  clear: () => void;
}

/** Which rows of the list are chosen. Another filter is another list, with nothing chosen. */
export function useBulk(filter: EventFilter, range: TimeRange, events: EventWindow): Bulk {
  const list = JSON.stringify([filter, range]);
  const [chosen, setChosen] = useState<{ list: string; selection: Selection; anchor: number | null }>({
    list,
    selection: NONE,
    anchor: null,
  });
  const { selection, anchor } = chosen.list === list ? chosen : { selection: NONE, anchor: null };
  const choose = (selection: Selection, anchor: number | null) => setChosen({ list, selection, anchor });

  const idsAt = (indices: number[]) => indices.flatMap((index) => events.rowAt(index)?.id ?? []);
  const shown = () => idsAt(span(0, Math.min(events.total ?? 0, 1_000) - 1));

  return {
    selection,
    rows: {
      has: (id) => isChosen(selection, id),
      isEmpty: sizeOf(selection) === 0,
      onShown: (indices, chosen) => choose(toggled(selection, idsAt(indices), chosen, shown()), null),
      onToggle: (index, chosen, extend) => {
        const indices = extend && anchor !== null ? span(anchor, index) : [index];
        choose(toggled(selection, idsAt(indices), chosen, shown()), index);
      },
    },
    listed: () => ({ ...filter, ...timestampsOf(range, latest(events)) }),
    chooseAll: () =>
      choose(
        {
          kind: "all",
          filter: { ...filter, ...timestampsOf(range, latest(events)) },
          total: events.total ?? 0,
        },
        null,
      ),
    clear: () => choose(NONE, null),
  };
}

/** Now, or the newest event that is shown, where its sensor's clock runs ahead. */
const latest = (events: EventWindow) =>
  Math.max(Math.floor(Date.now() / 1_000), events.rowAt(0)?.timestamp ?? 0);

function span(a: number, b: number): number[] {
  const first = Math.min(a, b);
  return Array.from({ length: Math.max(0, Math.abs(b - a) + 1) }, (_, step) => first + step);
}
