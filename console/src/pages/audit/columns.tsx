import { createColumnHelper } from "@tanstack/react-table";
import type { AuditEntry } from "../../api/types";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { audit as t } from "../../texts/audit";

const column = createColumnHelper<AuditEntry>();

export const columns = [
  column.accessor("at", {
    header: t.when,
    meta: { width: 130 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.accessor("who", {
    header: t.who,
    meta: { width: "16%" },
    cell: ({ row: { original: entry } }) => <Hostile truncate>{`${entry.who} (${entry.kind})`}</Hostile>,
  }),
  column.accessor("from", {
    header: t.from,
    meta: { from: "sm", width: 130 },
    cell: ({ getValue }) => <Hostile truncate>{getValue() ?? t.theMachineItself}</Hostile>,
  }),
  column.accessor("action", {
    header: t.what,
    meta: { width: "16%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("object", {
    header: t.of,
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("before", {
    header: t.before,
    meta: { from: "md" },
    cell: ({ getValue }) => <Hostile truncate>{stateOf(getValue())}</Hostile>,
  }),
  column.accessor("after", {
    header: t.after,
    meta: { from: "md" },
    cell: ({ getValue }) => <Hostile truncate>{stateOf(getValue())}</Hostile>,
  }),
];

const stateOf = (state: unknown) => (state === null ? "–" : JSON.stringify(state));
