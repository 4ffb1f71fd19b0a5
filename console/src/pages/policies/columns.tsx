import { Group, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { SeverityBadge } from "../../shared/Severity";
import { policies as t } from "../../texts/policies";
import type { PolicyRow } from "./rows";
import { StateBadges } from "./StateBadges";

const column = createColumnHelper<PolicyRow>();

export const columns = [
  column.accessor("policy.info.severity", {
    id: "severity",
    header: t.severity,
    enableSorting: true,
    meta: { from: "xs", width: 98 },
    cell: ({ getValue }) => <SeverityBadge severity={getValue()} />,
  }),
  column.accessor("policy.id", {
    id: "id",
    header: t.policy,
    enableSorting: true,
    cell: ({ getValue }) => (
      <PageAnchor
        to="/policies/$policyId"
        params={{ policyId: getValue() }}
        search={({ range, from, to }) => ({ range, from, to })}
        fz="inherit"
        truncate
        display="block"
      >
        {getValue()}
      </PageAnchor>
    ),
  }),
  column.accessor("policy.info.description", {
    header: t.whatItLooksFor,
    meta: { from: "md" },
    cell: ({ row: { original: one } }) => (
      <Text fz="inherit" c="dimmed" lineClamp={2} title={one.policy.info.category.displayName}>
        {one.policy.info.description}
      </Text>
    ),
  }),
  column.accessor("policy.mode", {
    header: t.state,
    meta: { from: "sm", width: 226 },
    cell: ({ row: { original: one } }) => (
      <Group gap={6} wrap="nowrap">
        <StateBadges policy={one.policy} />
      </Group>
    ),
  }),
  column.accessor("hits", {
    header: t.events,
    enableSorting: true,
    meta: { width: 90, align: "right" },
    cell: ({ row: { original: one } }) =>
      one.hits ? (
        <PageAnchor
          to="/activity"
          search={({ range, from, to }) => ({ range, from, to, attack: [one.policy.id] })}
          fz="inherit"
        >
          {count(one.hits)}
        </PageAnchor>
      ) : (
        <Text span fz="inherit" c="dimmed">
          {one.hits ?? "…"}
        </Text>
      ),
  }),
  column.accessor("ignored", {
    header: t.ignored,
    enableSorting: true,
    meta: { from: "xs", width: 124, align: "right" },
    cell: ({ row: { original: one } }) => {
      const { combinations, events } = one.ignored;
      if (combinations === 0) {
        return (
          <Text span fz="inherit" c="dimmed">
            –
          </Text>
        );
      }
      return (
        <PageAnchor
          to="/suppressions"
          search={{ q: one.policy.id }}
          fz="inherit"
          title={t.ignoredAsNoAttack(combinations, events)}
        >
          {count(combinations)} ({count(events)})
        </PageAnchor>
      );
    },
  }),
];
