import { Group, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import { Ban, Bomb } from "lucide-react";
import type { ThreatEvent } from "../../api/types";
import { Country } from "../../shared/Country";
import { PageAnchor } from "../../shared/links";
import { SeverityBadge } from "../../shared/Severity";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";

const column = createColumnHelper<ThreatEvent>();

export const columns = [
  column.accessor("severity", {
    header: "Severity",
    meta: { width: 92 },
    cell: ({ getValue }) => <SeverityBadge severity={getValue()} />,
  }),
  column.accessor("url", {
    header: "Endpoint",
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
    header: "Host",
    meta: { from: "md", width: "12%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("actor", {
    header: "Actor",
    meta: { from: "xs", width: "15%" },
    cell: ({ row: { original: event } }) => (
      <Group gap={6} wrap="nowrap">
        <Hostile truncate>{event.actor}</Hostile>
        <Country code={event.country} />
      </Group>
    ),
  }),
  column.accessor("filterId", {
    header: "Attack",
    meta: { from: "sm", width: "15%" },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate title={getValue()}>
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("type", {
    header: "Type",
    meta: { from: "lg", width: 88 },
    cell: ({ getValue }) => (
      <Text size="xs" c="dimmed">
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("successfulExploit", {
    header: "Exploit",
    meta: { from: "md", width: 76, label: "Successful exploit" },
    cell: ({ getValue }) =>
      getValue() ? (
        <Group gap={4} wrap="nowrap" c="red">
          <Bomb size={14} aria-hidden />
          <Text size="xs" fw={600}>
            Yes
          </Text>
        </Group>
      ) : (
        <Text size="xs" c="dimmed">
          No
        </Text>
      ),
  }),
  column.accessor("blocked", {
    header: "Blocked",
    meta: { from: "md", width: 88 },
    cell: ({ getValue }) =>
      getValue() ? (
        <Group gap={4} wrap="nowrap" c="teal">
          <Ban size={14} aria-hidden />
          <Text size="xs" fw={600}>
            Blocked
          </Text>
        </Group>
      ) : (
        <Text size="xs" c="dimmed">
          No
        </Text>
      ),
  }),
  column.accessor("timestamp", {
    id: "detected",
    header: "Detected",
    enableSorting: true,
    meta: { width: 94 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
