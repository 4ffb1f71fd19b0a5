import { Table, UnstyledButton } from "@mantine/core";
import { flexRender, type Table as Model } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import type { Direction } from "../../api/queries";
import classes from "./table.module.css";

export interface Sorting {
  column: string;
  direction: Direction;
  onSort: (column: string, direction: Direction) => void;
}

interface HeadProps<Row> {
  table: Model<Row>;
  sorting?: Sorting | undefined;
  /** A cell ahead of the columns. */
  first?: ReactNode;
}

/** The headings of a table; those of columns that can be sorted are buttons. */
export function Head<Row>({ table, sorting, first }: HeadProps<Row>) {
  return (
    <Table.Thead>
      {table.getHeaderGroups().map((group) => (
        <Table.Tr key={group.id}>
          {first}
          {group.headers.map((header) => {
            const { meta, enableSorting } = header.column.columnDef;
            const title = flexRender(header.column.columnDef.header, header.getContext());
            return (
              <Table.Th
                key={header.id}
                w={meta?.width}
                ta={meta?.align}
                visibleFrom={meta?.from}
                aria-label={meta?.label}
                aria-sort={enableSorting ? ariaSort(header.column.id, sorting) : undefined}
              >
                {sorting && enableSorting ? (
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
  );
}

interface SortButtonProps {
  column: string;
  sorting: Sorting;
  children: ReactNode;
}

function SortButton({ column, sorting, children }: SortButtonProps) {
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

function ariaSort(column: string, sorting: Sorting | undefined) {
  if (!sorting) return undefined;
  if (sorting.column !== column) return "none";
  return sorting.direction === 1 ? "ascending" : "descending";
}
