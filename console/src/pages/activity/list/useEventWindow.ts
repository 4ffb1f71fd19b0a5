import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";
import { type Direction, eventsQuery, REFRESH_MS } from "../../../api/queries";
import type { TimeRange } from "../../../api/range";
import type { EventFilter, ThreatEvent } from "../../../api/types";

export const PAGE_SIZE = 50;
// Scrolling past thousands of rows asks for those where it comes to rest.
const REST_MS = 80;
const REFRESH_BELOW_MS = 20_000;

export interface EventWindow {
  /** `undefined` until the first answer. */
  total: number | undefined;
  rowAt: (index: number) => ThreatEvent | undefined;
  want: (first: number, last: number) => void;
  error: unknown;
}

interface Known {
  list: string;
  total: number | undefined;
  rows: Map<number, ThreatEvent>;
}

/**
 * The rows of a list that are in view, whatever its length. `until`, an epoch second, holds the list still: what comes
 * later does not push the rows down under the reader's eyes.
 */
export function useEventWindow(
  filter: EventFilter,
  range: TimeRange,
  direction: Direction,
  until: number | undefined,
): EventWindow {
  const [wanted, setWanted] = useState({ first: 0, last: PAGE_SIZE - 1 });
  const [settled] = useDebouncedValue(wanted, REST_MS, { leading: true });
  const pages = pagesOf(settled.first, settled.last);
  const refetchInterval = until === undefined ? REFRESH_MS : REFRESH_BELOW_MS;
  const answers = useQueries({
    queries: pages.map((page) => ({
      ...eventsQuery(filter, range, { skip: page * PAGE_SIZE, limit: PAGE_SIZE }, direction, until),
      // Of another page, with other rows in the same places.
      placeholderData: undefined,
      refetchInterval,
    })),
  });

  // Rows of pages that are being asked for again stay until the answer: the list must not blink.
  const known = useRef<Known>({ list: "", total: undefined, rows: new Map() });
  const list = JSON.stringify([filter, range, direction]);
  if (known.current.list !== list) known.current = { list, total: undefined, rows: new Map() };
  for (const [at, { data }] of answers.entries()) {
    const page = pages[at];
    if (!data || page === undefined) continue;
    known.current.total = data.total;
    for (let place = 0; place < PAGE_SIZE; place += 1) {
      const event = data.maliciousEvents[place];
      if (event) known.current.rows.set(page * PAGE_SIZE + place, event);
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
