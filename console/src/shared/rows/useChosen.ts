import { useState } from "react";
import type { RowSelection } from "../VirtualTable";
import { isChosen, NONE, type Selection, sizeOf, toggled } from "./selection";
import type { Rows } from "./useRows";

export interface Chosen<Filter> {
  selection: Selection<Filter>;
  rows: RowSelection;
  chooseAll: () => void;
  clear: () => void;
}

/**
 * Which rows of a list are chosen. Another list begins with nothing chosen. `everything` is what selects the whole list as of
 * the moment it is called.
 */
export function useChosen<Row, Filter>(
  list: string,
  known: Rows<Row>,
  idOf: (row: Row) => string,
  everything: () => Filter,
): Chosen<Filter> {
  const [chosen, setChosen] = useState<{
    list: string;
    selection: Selection<Filter>;
    anchor: number | null;
  }>({ list, selection: NONE, anchor: null });
  const { selection, anchor } = chosen.list === list ? chosen : { selection: NONE, anchor: null };
  const choose = (selection: Selection<Filter>, anchor: number | null) =>
    setChosen({ list, selection, anchor });

  const idsAt = (indices: number[]) =>
    indices.flatMap((index) => {
      const row = known.rowAt(index);
      return row === undefined ? [] : [idOf(row)];
    });
  const shown = () => idsAt(span(0, Math.min(known.total ?? 0, 1_000) - 1));

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
    chooseAll: () => choose({ kind: "all", filter: everything(), total: known.total ?? 0 }, null),
    clear: () => choose(NONE, null),
  };
}

function span(a: number, b: number): number[] {
  const first = Math.min(a, b);
  return Array.from({ length: Math.max(0, Math.abs(b - a) + 1) }, (_, step) => first + step);
}
