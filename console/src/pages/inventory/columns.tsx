import { Badge, Group, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import type { Endpoint } from "../../api/types";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { inventory as t } from "../../texts/inventory";

const column = createColumnHelper<Endpoint>();

export const columns = [
  column.accessor("method", {
    header: t.method,
    meta: { width: 84 },
    cell: ({ getValue }) => <Hostile>{getValue()}</Hostile>,
  }),
  column.accessor("template", {
    header: t.endpoint,
    enableSorting: true,
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("host", {
    header: t.host,
    meta: { from: "sm", width: "15%" },
    cell: ({ row: { original: endpoint } }) => (
      <PageAnchor
        to="/activity"
        search={({ range, from, to }) => ({ range, from, to, host: [endpoint.host] })}
        fz="inherit"
        title={t.itsEvents}
      >
        <Hostile truncate>{endpoint.host}</Hostile>
      </PageAnchor>
    ),
  }),
  column.accessor("requests", {
    header: t.requests,
    enableSorting: true,
    meta: { width: 96, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("parameters", {
    header: t.parameters,
    meta: { from: "md", width: "17%" },
    cell: ({ row: { original: endpoint } }) => {
      const names = endpoint.parameters.map(({ name }) => name);
      return names.length === 0 ? null : <Hostile truncate>{names.join(", ")}</Hostile>;
    },
  }),
  column.accessor("auth", {
    header: t.logIn,
    meta: { from: "md", width: 110 },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate>
        {Object.keys(getValue()).join(", ")}
      </Text>
    ),
  }),
  column.display({
    id: "sensitive",
    header: t.sensitive,
    meta: { from: "lg", width: 130 },
    cell: ({ row: { original: endpoint } }) => {
      const kinds = [...new Set([...endpoint.sensitiveInRequests, ...endpoint.sensitiveInResponses])];
      return (
        <Group gap={4} wrap="nowrap">
          {kinds.map((kind) => (
            <Badge key={kind} size="xs" color="orange">
              {kind}
            </Badge>
          ))}
        </Group>
      );
    },
  }),
  column.accessor("firstSeen", {
    header: t.firstSeen,
    enableSorting: true,
    meta: { from: "lg", width: 110 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.accessor("lastSeen", {
    header: t.lastSeen,
    enableSorting: true,
    meta: { from: "xs", width: 110 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
];
