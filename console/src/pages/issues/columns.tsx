import { Badge, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import type { Issue } from "../../api/types";
import { PageAnchor } from "../../shared/links";
import { SeverityBadge } from "../../shared/Severity";
import { Time } from "../../shared/Time";
import { Hostile, reveal } from "../../shared/text";
import { issues as t } from "../../texts/issues";
import { placeOf } from "./place";

const column = createColumnHelper<Issue>();

export const columns = [
  column.accessor("severity", {
    header: t.columns.severity,
    enableSorting: true,
    meta: { width: 98 },
    cell: ({ getValue }) => <SeverityBadge severity={getValue()} />,
  }),
  column.accessor("name", {
    header: t.columns.issue,
    enableSorting: true,
    cell: ({ row: { original: issue } }) => (
      <PageAnchor
        to="/issues/$issueId"
        params={{ issueId: issue.issueId }}
        search={true}
        c="inherit"
        display="block"
        fz="inherit"
        underline="hover"
        truncate
        title={reveal(issue.name)}
      >
        {reveal(issue.name)}
        {issue.reopened && (
          <Badge color="orange" size="xs" ml={6}>
            {t.columns.again}
          </Badge>
        )}
      </PageAnchor>
    ),
  }),
  column.accessor("endpoint", {
    header: t.columns.place,
    enableSorting: true,
    meta: { from: "xs", width: "30%" },
    cell: ({ row: { original: issue } }) => <Hostile truncate>{placeOf(issue)}</Hostile>,
  }),
  column.accessor("category", {
    header: t.columns.category,
    meta: { from: "lg", width: "10%" },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate title={reveal(getValue())}>
        {reveal(getValue())}
      </Text>
    ),
  }),
  column.accessor("source", {
    header: t.columns.source,
    meta: { from: "xl", width: 112 },
    cell: ({ getValue }) => (
      <Text size="xs" c="dimmed">
        {t.source[getValue()]}
      </Text>
    ),
  }),
  column.accessor("firstSeen", {
    header: t.columns.firstSeen,
    enableSorting: true,
    meta: { from: "md", width: 98 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.accessor("lastSeen", {
    header: t.columns.lastSeen,
    enableSorting: true,
    meta: { from: "xs", width: 98 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
