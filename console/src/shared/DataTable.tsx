import { Box, Group, Pagination, Paper, Table, Text } from "@mantine/core";
import { type ColumnDef, getCoreRowModel, useReactTable } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { shared as t } from "../texts/shared";
import { ErrorNote } from "./ErrorNote";
import { count } from "./format";
import { Cells, isControl } from "./table/Cells";
import { Head, type Sorting } from "./table/Head";
import { Loading } from "./table/Loading";
import classes from "./table/table.module.css";

export interface Paging {
  /** From 1. */
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
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

/** A table of one page: the server sorts and pages, this shows. */
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
  const problem = error ? <ErrorNote error={error} title={t.couldNotBeLoaded(label)} /> : null;
  if (!rows) return problem ?? <Loading />;
  return (
    <>
      {problem && <Box mb="sm">{problem}</Box>}
      {rows.length === 0 ? (
        <Paper withBorder>{empty}</Paper>
      ) : (
        <Paper withBorder className={classes.frame}>
          <Table highlightOnHover aria-label={label} layout="fixed" className={classes.table}>
            <Head table={table} sorting={sorting} />
            <Table.Tbody>
              {table.getRowModel().rows.map((row) => (
                <Table.Tr
                  key={row.id}
                  data-open={row.id === openId || undefined}
                  className={onOpen && classes.clickable}
                  onClick={onOpen && ((event) => !isControl(event.target) && onOpen(row.original))}
                >
                  <Cells row={row} />
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

function Pager({ page, size, total, onPage }: Paging) {
  if (total === 0) return null;
  const first = (page - 1) * size + 1;
  const last = Math.min(page * size, total);
  return (
    <Group justify="space-between" mt="sm" gap="xs">
      <Text size="xs" c="dimmed">
        {first > total ? t.nothingOnPage(page) : t.rowsOf(first, last)}
        {count(total)}
      </Text>
      {(total > size || page > 1) && (
        <Pagination
          size="sm"
          value={page}
          total={Math.max(1, Math.ceil(total / size))}
          onChange={onPage}
          siblings={1}
          getControlProps={(control) => ({ "aria-label": t.pageControl(control) })}
        />
      )}
    </Group>
  );
}
