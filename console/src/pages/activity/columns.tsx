import { Group, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import { Ban, Bomb } from "lucide-react";
import type { ThreatEvent } from "../../api/types";
import { Country } from "../../shared/Country";
import { PageAnchor } from "../../shared/links";
import { SeverityBadge } from "../../shared/Severity";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { activity as t } from "../../texts/activity";

const column = createColumnHelper<ThreatEvent>();

export const columns = [
  column.accessor("severity", {
    header: t.severity,
    meta: { width: 92 },
    cell: ({ getValue }) => <SeverityBadge severity={getValue()} />,
  }),
  column.accessor("url", {
    header: t.endpoint,
    cell: ({ row: { original: event } }) => (
      <PageAnchor
        to="/activity/$eventId"
        params={{ eventId: event.id }}
        search={true}
        c="inherit"
        display="block"
        fz="inherit"
        underline="hover"
        truncate
      >
        <Text span size="xs" c="dimmed" mr={6} ff="monospace">
          <Hostile>{event.method}</Hostile>
        </Text>
        <Hostile truncate style={{ maxWidth: "calc(100% - 4.2em)" }}>
          {event.url}
        </Hostile>
      </PageAnchor>
    ),
  }),
  column.accessor("host", {
    header: t.host,
    meta: { from: "md", width: "12%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("actor", {
    header: t.actor,
    meta: { from: "xs", width: "15%" },
    cell: ({ row: { original: event } }) => (
      <Group gap={6} wrap="nowrap">
        <Hostile truncate>{event.actor}</Hostile>
        <Country code={event.country} />
      </Group>
    ),
  }),
  column.accessor("filterId", {
    header: t.attack,
    meta: { from: "sm", width: "15%" },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate title={getValue()}>
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("type", {
    header: t.type,
    meta: { from: "lg", width: 88 },
    cell: ({ getValue }) => (
      <Text size="xs" c="dimmed">
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("successfulExploit", {
    header: t.exploit,
    meta: { from: "md", width: 76, label: t.successfulExploit },
    cell: ({ getValue }) =>
      getValue() ? (
        <Group gap={4} wrap="nowrap" c="red">
          <Bomb size={14} aria-hidden />
          <Text size="xs" fw={600}>
            {t.yes}
          </Text>
        </Group>
      ) : (
        <Text size="xs" c="dimmed">
          {t.no}
        </Text>
      ),
  }),
  column.accessor("blocked", {
    header: t.blocked,
    meta: { from: "md", width: 88 },
    cell: ({ getValue }) =>
      getValue() ? (
        <Group gap={4} wrap="nowrap" c="teal">
          <Ban size={14} aria-hidden />
          <Text size="xs" fw={600}>
            {t.blocked}
          </Text>
        </Group>
      ) : (
        <Text size="xs" c="dimmed">
          {t.no}
        </Text>
      ),
  }),
  column.accessor("timestamp", {
    id: "detected",
    header: t.detected,
    enableSorting: true,
    meta: { width: 94 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
