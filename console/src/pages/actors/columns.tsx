import { Group, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import type { Actor } from "../../api/types";
import { BlockIp } from "../../block/BlockIp";
import { Country } from "../../shared/Country";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { actors as t } from "../../texts/actors";

const column = createColumnHelper<Actor>();

export const columns = [
  column.accessor("id", {
    header: t.actor,
    cell: ({ row: { original: actor } }) => (
      <Group gap={6} wrap="nowrap">
        <PageAnchor
          to="/actors/$actor"
          params={{ actor: actor.id }}
          search={({ range, from, to }) => ({ range, from, to })}
          fz="inherit"
        >
          <Hostile truncate>{actor.id}</Hostile>
        </PageAnchor>
        <Country code={actor.country} />
      </Group>
    ),
  }),
  column.accessor("eventCount", {
    header: t.events,
    meta: { width: 70, align: "right" },
    cell: ({ row: { original: actor } }) => (
      <PageAnchor
        to="/activity"
        search={({ range, from, to }) => ({ range, from, to, actor: [actor.id] })}
        fz="inherit"
        aria-label={t.eventsOf(actor.eventCount, actor.id)}
      >
        {count(actor.eventCount)}
      </PageAnchor>
    ),
  }),
  column.accessor("latestAttack", {
    header: t.latestAttack,
    meta: { from: "sm", width: "20%" },
    cell: ({ getValue }) => (
      <Text fz="inherit" truncate>
        {getValue()}
      </Text>
    ),
  }),
  column.accessor("latestApiEndpoint", {
    header: t.latestEndpoint,
    meta: { from: "md", width: "24%" },
    cell: ({ row: { original: actor } }) => (
      <Hostile
        truncate
      >{`${actor.latestApiMethod} ${actor.latestApiHost}${actor.latestApiEndpoint}`}</Hostile>
    ),
  }),
  column.accessor("firstSeenAt", {
    header: t.firstSeen,
    meta: { from: "lg", width: 100 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.accessor("lastSeenAt", {
    header: t.lastSeen,
    meta: { from: "xs", width: 100 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  column.display({
    id: "block",
    header: "",
    meta: { width: 128, align: "right", label: t.block },
    cell: ({ row: { original: actor } }) => (
      <BlockIp
        address={actor.latestApiIp || actor.id}
        reason={actor.latestAttack}
        size="compact-xs"
        isBlocked={actor.status === "blocked"}
      />
    ),
  }),
];
