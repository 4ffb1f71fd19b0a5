import { Button, Center } from "@mantine/core";
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ComponentProps } from "react";
import { DataTable } from "./DataTable";

type Table<Row> = Omit<ComponentProps<typeof DataTable<Row>>, "rows" | "error" | "paging">;

interface GrowingTableProps<Row, Piece> extends Table<Row> {
  query: UseInfiniteQueryResult<{ pages: Piece[] }>;
  rowsOf: (piece: Piece) => Row[];
  /** What the button says that brings the next rows. */
  more: string;
}

/** A table whose list changes while it is read: the next rows come under those that are there. */
export function GrowingTable<Row, Piece>({ query, rowsOf, more, ...table }: GrowingTableProps<Row, Piece>) {
  return (
    <>
      <DataTable {...table} rows={query.data?.pages.flatMap(rowsOf)} error={query.error} />
      {query.hasNextPage && (
        <Center mt="sm">
          <Button
            size="xs"
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => query.fetchNextPage()}
          >
            {more}
          </Button>
        </Center>
      )}
    </>
  );
}
