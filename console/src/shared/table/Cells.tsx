import { Table } from "@mantine/core";
import { flexRender, type Row as ModelRow } from "@tanstack/react-table";

/** The cells of one row. */
export function Cells<Row>({ row }: { row: ModelRow<Row> }) {
  return row.getVisibleCells().map((cell) => {
    const { meta, cell: content } = cell.column.columnDef;
    return (
      <Table.Td key={cell.id} ta={meta?.align} visibleFrom={meta?.from}>
        {flexRender(content, cell.getContext())}
      </Table.Td>
    );
  });
}

/** A control inside a row does its own thing and does not open the row. */
export function isControl(target: EventTarget): boolean {
  return target instanceof Element && target.closest("a, button, input, label, [role=dialog]") !== null;
}
