import { createColumnHelper } from "@tanstack/react-table";
import type { AuditEntry } from "../../api/types";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";

const column = createColumnHelper<AuditEntry>();

export const columns = [
  column.accessor("at", {
    header: "When",
    meta: { width: 130 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.accessor("who", {
    header: "Who",
    meta: { width: "16%" },
    cell: ({ row: { original: entry } }) => <Hostile truncate>{`${entry.who} (${entry.kind})`}</Hostile>,
  }),
  column.accessor("from", {
    header: "From",
    meta: { from: "sm", width: 130 },
    cell: ({ getValue }) => <Hostile truncate>{getValue() ?? "the machine itself"}</Hostile>,
  }),
  column.accessor("action", {
    header: "What",
    meta: { width: "16%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("object", {
    header: "Of",
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("before", {
    header: "Before",
    meta: { from: "md" },
    cell: ({ getValue }) => <Hostile truncate>{stateOf(getValue())}</Hostile>,
  }),
  column.accessor("after", {
    header: "After",
    meta: { from: "md" },
    cell: ({ getValue }) => <Hostile truncate>{stateOf(getValue())}</Hostile>,
  }),
];

const stateOf = (state: unknown) => (state === null ? "–" : JSON.stringify(state));
