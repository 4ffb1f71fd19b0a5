import { Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import type { Policy } from "../../api/types";
import { PageAnchor } from "../../shared/links";
import { SeverityBadge } from "../../shared/Severity";

const column = createColumnHelper<Policy>();

export const columns = [
  column.accessor("info.severity", {
    header: "Severity",
    meta: { width: 98 },
    cell: ({ getValue }) => <SeverityBadge severity={getValue()} />,
  }),
  column.accessor("id", {
    header: "Policy",
    meta: { width: "26%" },
    cell: ({ getValue }) => (
      <PageAnchor
        to="/policies/$policyId"
        params={{ policyId: getValue() }}
        fz="inherit"
        truncate
        display="block"
      >
        {getValue()}
      </PageAnchor>
    ),
  }),
  column.accessor("info.category.displayName", {
    header: "Category",
    meta: { from: "sm", width: "18%" },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate>
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("info.description", {
    header: "What it looks for",
    meta: { from: "xs" },
    cell: ({ getValue }) => (
      <Text fz="inherit" c="dimmed" lineClamp={2}>
        {getValue()}
      </Text>
    ),
  }),
];
