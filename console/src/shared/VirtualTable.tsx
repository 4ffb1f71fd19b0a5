import { Checkbox, Paper, Table } from "@mantine/core";
import { type ColumnDef, getCoreRowModel, type Row as ModelRow, useReactTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, type RefObject, useEffect, useRef } from "react";
import { shared as t } from "../texts/shared";
import { Cells, isControl } from "./table/Cells";
import { Head, type Sorting } from "./table/Head";
import classes from "./table/table.module.css";

export const ROW_HEIGHT = 37;
const OVERSCAN = 10;
// Browsers end boxes at some 33 million pixels; beyond that the last rows could not be reached.
export const MOST_ROWS = 800_000;

/** Which rows are chosen; a table without it has no boxes to tick. */
export interface RowSelection {
  has: (id: string) => boolean;
  isEmpty: boolean;
  /** All rows that are on the screen are chosen. */
  onShown: (indices: number[], chosen: boolean) => void;
  /** `extend`: with everything between this row and the one chosen before. */
  onToggle: (index: number, chosen: boolean, extend: boolean) => void;
}

interface VirtualTableProps<Row> {
  label: string;
  // biome-ignore lint/suspicious/noExplicitAny: columns of one table have values of many types
  columns: ColumnDef<Row, any>[];
  total: number;
  /** `undefined` where the row has not arrived yet. */
  rowAt: (index: number) => Row | undefined;
  rowId: (row: Row) => string;
  /** What a tick on this row means, for who cannot see the row. */
  rowName: (row: Row) => string;
  /** The rows that are wanted now, the last one included. */
  onWindow: (first: number, last: number) => void;
  /** Whether the first rows are in view. */
  onAtTop?: (atTop: boolean) => void;
  /** A new value brings the first row back into view. */
  topKey?: string;
  sorting?: Sorting;
  selection?: RowSelection | undefined;
  onOpen?: (row: Row) => void;
  openId?: string | undefined;
  /** Above the rows, without moving them. */
  floating?: ReactNode;
}

/** A table of any length in a box of its own: only the rows in view exist, and only they are asked for. */
export function VirtualTable<Row>(props: VirtualTableProps<Row>) {
  const { label, columns, total, rowAt, rowId, rowName, onWindow, onAtTop, topKey } = props;
  const { sorting, selection, onOpen, openId, floating } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: Math.min(total, MOST_ROWS),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    // What is known before anything is measured, so that the first rows are asked for at once.
    initialRect: { width: 1_000, height: 800 },
  });
  const items = rows.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const above = items[0]?.start ?? 0;
  const below = rows.getTotalSize() - (items.at(-1)?.end ?? 0);

  useEffect(() => {
    onWindow(first, last);
  }, [onWindow, first, last]);
  const atTop = (rows.scrollOffset ?? 0) < 2 * ROW_HEIGHT;
  useEffect(() => {
    onAtTop?.(atTop);
  }, [onAtTop, atTop]);
  useEffect(() => {
    // What scrolling gives back, a promise in newer browsers, is no way to clean up.
    scroller.current?.scrollTo({ top: 0 });
  }, [topKey]);

  const table = useReactTable({
    data: items.flatMap(({ index }) => rowAt(index) ?? []),
    columns,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    manualSorting: true,
    // The rows differ with each draw; without this the table would set its page back each time, and draw again.
    autoResetAll: false,
  });
  const known = table.getRowModel().rowsById;
  const acts = useRef<Acts<Row>>({ onOpen, onToggle: selection?.onToggle });
  useEffect(() => {
    acts.current = { onOpen, onToggle: selection?.onToggle };
  });
  const shown = items.map(({ index }) => ({ index, row: rowAt(index) }));
  const loaded = shown.filter(({ row }) => row !== undefined);
  const chosen = loaded.filter(({ row }) => row && selection?.has(rowId(row)));

  return (
    <Paper withBorder className={classes.box}>
      {floating}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable from the keyboard */}
      <section ref={scroller} className={classes.scroller} tabIndex={0} aria-label={t.rows(label)}>
        <Table
          highlightOnHover
          aria-label={label}
          aria-rowcount={total + 1}
          layout="fixed"
          className={`${classes.table} ${classes.virtual}`}
        >
          <Head
            table={table}
            sorting={sorting}
            first={
              selection && (
                <Table.Th w={36} aria-label={t.choose}>
                  <Checkbox
                    size="xs"
                    aria-label={t.chooseAllRowsShown}
                    checked={loaded.length > 0 && chosen.length === loaded.length}
                    indeterminate={chosen.length > 0 && chosen.length < loaded.length}
                    onChange={(event) =>
                      selection.onShown(
                        loaded.map(({ index }) => index),
                        event.currentTarget.checked,
                      )
                    }
                  />
                </Table.Th>
              )
            }
          />
          <Table.Tbody>
            <Gap height={above} />
            {shown.map(({ index, row }) => {
              const model = row && known[rowId(row)];
              if (!row || !model) return <Waiting key={index} index={index} />;
              const id = rowId(row);
              return (
                <Line
                  key={index}
                  model={model as ModelRow<unknown>}
                  index={index}
                  name={selection && rowName(row)}
                  chosen={selection?.has(id) ?? false}
                  open={id === openId}
                  acts={acts as RefObject<Acts<unknown>>}
                />
              );
            })}
            <Gap height={below} />
          </Table.Tbody>
        </Table>
      </section>
    </Paper>
  );
}

interface Acts<Row> {
  onOpen: ((row: Row) => void) | undefined;
  onToggle: RowSelection["onToggle"] | undefined;
}

interface LineProps {
  model: ModelRow<unknown>;
  index: number;
  /** Without it there is nothing to tick. */
  name: string | undefined;
  chosen: boolean;
  open: boolean;
  acts: RefObject<Acts<unknown>>;
}

/** One row, drawn anew only when it is another one: scrolling draws those that come into view. */
const Line = memo(
  function Line({ model, index, name, chosen, open, acts }: LineProps) {
    return (
      <Table.Tr
        h={ROW_HEIGHT}
        aria-rowindex={index + 2}
        data-open={open || undefined}
        data-chosen={chosen || undefined}
        className={acts.current.onOpen && classes.clickable}
        onClick={(event) => {
          if (!isControl(event.target)) acts.current.onOpen?.(model.original);
        }}
      >
        {name !== undefined && (
          <Table.Td>
            <Checkbox
              size="xs"
              aria-label={t.chooseThis(name)}
              checked={chosen}
              onChange={(event) =>
                acts.current.onToggle?.(index, event.currentTarget.checked, shiftOf(event.nativeEvent))
              }
            />
          </Table.Td>
        )}
        <Cells row={model} />
      </Table.Tr>
    );
  },
  (before, after) =>
    before.model.original === after.model.original &&
    before.index === after.index &&
    before.name === after.name &&
    before.chosen === after.chosen &&
    before.open === after.open,
);

/** The room of the rows that do not exist. One cell: a span over columns that a phone hides would make them again. */
function Gap({ height }: { height: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden className={classes.gap} style={{ height }}>
      <td />
    </tr>
  );
}

function Waiting({ index }: { index: number }) {
  return (
    <Table.Tr h={ROW_HEIGHT} aria-rowindex={index + 2} aria-busy className={classes.row}>
      <Table.Td>
        <div className={classes.waiting} />
      </Table.Td>
    </Table.Tr>
  );
}

const shiftOf = (event: Event): boolean => event instanceof MouseEvent && event.shiftKey;
