import { useDebouncedValue } from "@mantine/hooks";
import { type UseQueryOptions, useQueries } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import type { Page } from "../../api/types";

export const PAGE_SIZE = 50;
// Scrolling past thousands of rows asks for those where it comes to rest.
const REST_MS = 80;

/** One page of a list, and how long the whole list is. */
export interface Piece<Row> {
  rows: Row[];
  total: number;
}

// biome-ignore lint/suspicious/noExplicitAny: each list has a query key of its own shape
type PieceQuery<Reply> = UseQueryOptions<Reply, Error, Reply, any>;

export interface Rows<Row> {
  /** `undefined` until the first answer. */
  total: number | undefined;
  rowAt: (index: number) => Row | undefined;
  want: (first: number, last: number) => void;
  error: unknown;
}

interface Known<Row> {
  list: string;
  total: number | undefined;
  rows: Map<number, Row>;
}

/** The rows of a list that are in view, whatever its length. `list` tells one list from another. */
export function useRows<Reply, Row>(
  list: string,
  pieceQuery: (page: Page) => PieceQuery<Reply>,
  pieceOf: (reply: Reply) => Piece<Row>,
): Rows<Row> {
  const [wanted, setWanted] = useState({ first: 0, last: PAGE_SIZE - 1 });
  const [settled] = useDebouncedValue(wanted, REST_MS, { leading: true });
  const pages = pagesOf(settled.first, settled.last);
  const answers = useQueries({
    queries: pages.map((page) => ({
      ...pieceQuery({ skip: page * PAGE_SIZE, limit: PAGE_SIZE }),
      // Of another page, with other rows in the same places.
      placeholderData: undefined,
    })),
  });

  // Rows of pages that are being asked for again stay until the answer: the list must not blink.
  const known = useRef<Known<Row>>({ list: "", total: undefined, rows: new Map() });
  if (known.current.list !== list) known.current = { list, total: undefined, rows: new Map() };
  for (const [at, { data }] of answers.entries()) {
    const page = pages[at];
    if (!data || page === undefined) continue;
    const piece = pieceOf(data);
    known.current.total = piece.total;
    for (let place = 0; place < PAGE_SIZE; place += 1) {
      const row = piece.rows[place];
      if (row) known.current.rows.set(page * PAGE_SIZE + place, row);
      else known.current.rows.delete(page * PAGE_SIZE + place);
    }
  }

  const want = useCallback((first: number, last: number) => setWanted({ first, last }), []);
  const { rows } = known.current;
  return {
    total: known.current.total,
    rowAt: (index) => rows.get(index),
    want,
    error: answers.find(({ error }) => error)?.error,
  };
}

/** The numbers, from 0, of the pages that hold these rows. */
export function pagesOf(first: number, last: number): number[] {
  const from = Math.floor(first / PAGE_SIZE);
  const to = Math.max(from, Math.floor(last / PAGE_SIZE));
  return Array.from({ length: to - from + 1 }, (_, step) => from + step);
}
