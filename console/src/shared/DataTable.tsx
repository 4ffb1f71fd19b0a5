import { Box, Group, Pagination, Paper, Skeleton, Table, Text, UnstyledButton } from "@mantine/core";
import { type ColumnDef, flexRender, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import type { Direction } from "../api/queries";
import classes from "./DataTable.module.css";
import { ErrorNote } from "./ErrorNote";
import { count } from "./format";

export interface Paging {
  /** From 1. */
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}

export interface Sorting {
  column: string;
  direction: Direction;
  onSort: (column: string, direction: Direction) => void;
}

interface DataTableProps<Row> {
  label: string;
  // biome-ignore lint/suspicious/noExplicitAny: columns of one table have values of many types
  columns: ColumnDef<Row, any>[];
  /** `undefined` until the first answer. */
  rows: Row[] | undefined;
  rowId: (row: Row) => string;
  error?: unknown;
  /** Shown in place of the rows where there are none. */
  empty: ReactNode;
  paging?: Paging;
  sorting?: Sorting;
  /** A click anywhere on the row. The row also holds a link or a button that does the same from the keyboard. */
  onOpen?: (row: Row) => void;
  openId?: string | undefined;
}

/** The one table of the console: the server sorts and pages, this shows. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, rows, rowId, error, empty, paging, sorting, onOpen, openId } = props;
  const table = useReactTable({
    data: rows ?? [],
    columns,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
    manualPagination: true,
    manualSorting: true,
  });
  const problem = error ? <ErrorNote error={error} title={`${label} could not be loaded`} /> : null;
  if (!rows) return problem ?? <Loading />;
  return (
    <>
      {problem && <Box mb="sm">{problem}</Box>}
      {rows.length === 0 ? (
        <Paper withBorder>{empty}</Paper>
      ) : (
        <Paper withBorder className={classes.frame}>
          <Table highlightOnHover aria-label={label} layout="fixed" className={classes.table}>
            <Table.Thead>
              {table.getHeaderGroups().map((group) => (
                <Table.Tr key={group.id}>
                  {group.headers.map((header) => {
                    const { meta } = header.column.columnDef;
                    const title = flexRender(header.column.columnDef.header, header.getContext());
                    return (
                      <Table.Th
                        key={header.id}
                        w={meta?.width}
                        ta={meta?.align}
                        visibleFrom={meta?.from}
                        aria-label={meta?.label}
                        aria-sort={ariaSort(header.column, sorting)}
                      >
                        {sorting && header.column.columnDef.enableSorting ? (
                          <SortButton column={header.column.id} sorting={sorting}>
                            {title}
                          </SortButton>
                        ) : (
                          title
                        )}
                      </Table.Th>
                    );
                  })}
                </Table.Tr>
              ))}
            </Table.Thead>
            <Table.Tbody>
              {table.getRowModel().rows.map((row) => (
                <Table.Tr
                  key={row.id}
                  data-open={row.id === openId || undefined}
                  className={onOpen && classes.clickable}
                  onClick={onOpen && ((event) => !isControl(event.target) && onOpen(row.original))}
                >
                  {row.getVisibleCells().map((cell) => {
                    const { meta } = cell.column.columnDef;
                    return (
                      <Table.Td key={cell.id} ta={meta?.align} visibleFrom={meta?.from}>
                        {flexRender(cell.column.columnDef.cell, cell.getContext())}
                      </Table.Td>
                    );
                  })}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Paper>
      )}
      {paging && <Pager {...paging} />}
    </>
  );
}

function Loading() {
  return (
    <Box aria-busy="true" aria-label="Loading">
      {Array.from({ length: 8 }, (_, row) => (
        <Skeleton key={row} height={30} mb={6} />
      ))}
    </Box>
  );
}

function SortButton({
  column,
  sorting,
  children,
}: {
  column: string;
  sorting: Sorting;
  children: ReactNode;
}) {
  const sorted = sorting.column === column;
  const Arrow = sorting.direction === 1 ? ArrowUp : ArrowDown;
  return (
    <UnstyledButton
      className={classes.sort}
      onClick={() => sorting.onSort(column, sorted && sorting.direction === -1 ? 1 : -1)}
    >
      {children}
      <Arrow size={13} aria-hidden className={sorted ? undefined : classes.unsorted} />
    </UnstyledButton>
  );
}

function Pager({ page, size, total, onPage }: Paging) {
  if (total === 0) return null;
  const first = (page - 1) * size + 1;
  const last = Math.min(page * size, total);
  return (
    <Group justify="space-between" mt="sm" gap="xs">
      <Text size="xs" c="dimmed">
        {first > total ? `Nothing on page ${page}; ` : `${count(first)}–${count(last)} of `}
        {count(total)}
      </Text>
      {(total > size || page > 1) && (
        <Pagination
          size="sm"
          value={page}
          total={Math.max(1, Math.ceil(total / size))}
          onChange={onPage}
          siblings={1}
          getControlProps={(control) => ({ "aria-label": `${control} page` })}
        />
      )}
    </Group>
  );
}

function ariaSort(
  column: { id: string; columnDef: { enableSorting?: boolean } },
  sorting: Sorting | undefined,
) {
  if (!sorting || !column.columnDef.enableSorting) return undefined;
  if (sorting.column !== column.id) return "none";
  return sorting.direction === 1 ? "ascending" : "descending";
}

/** A control inside a row does its own thing and does not open the row. */
function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, [role=dialog]") !== null;
}
