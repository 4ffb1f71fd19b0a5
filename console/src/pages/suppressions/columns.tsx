import { Button, Group, Menu, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import { useCommand } from "../../api/commands";
import { extendSuppression, removeSuppression } from "../../api/suppressions";
import type { Suppression } from "../../api/types";
import { count, span } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { showDone, showProblem } from "../../shared/notices";
import { Remaining } from "../../shared/Remaining";
import { useMayAct } from "../../shared/rights";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";

/** In seconds. */
export const EXTENSIONS = [86_400, 604_800, 2_592_000, 7_776_000] as const;

const column = createColumnHelper<Suppression>();

export const columns = [
  column.accessor("filterId", {
    header: "Policy",
    meta: { width: "16%" },
    cell: ({ getValue }) =>
      getValue() === "" ? (
        <Any of="policy" />
      ) : (
        <PageAnchor to="/policies/$policyId" params={{ policyId: getValue() }} fz="inherit" truncate>
          {getValue()}
        </PageAnchor>
      ),
  }),
  column.accessor("url", {
    header: "Endpoint",
    cell: ({ row: { original: one } }) =>
      one.url === "" && one.host === "" ? (
        <Any of="endpoint" />
      ) : (
        <Hostile truncate>{`${one.method} ${one.host}${one.url}`.trim()}</Hostile>
      ),
  }),
  column.accessor("actor", {
    header: "Actor",
    meta: { from: "xs", width: 140 },
    cell: ({ getValue }) =>
      getValue() === "" ? (
        <Any of="actor" />
      ) : (
        <PageAnchor to="/actors/$actor" params={{ actor: getValue() }} fz="inherit">
          <Hostile truncate>{getValue()}</Hostile>
        </PageAnchor>
      ),
  }),
  column.accessor("createdAt", {
    header: "Why, and who",
    enableSorting: true,
    meta: { from: "md", width: "22%" },
    cell: ({ row: { original: one } }) => (
      <>
        {one.reason && <Hostile truncate>{one.reason}</Hostile>}
        <Text size="xs" c="dimmed" truncate>
          {one.author}, <Time at={one.createdAt} />
        </Text>
      </>
    ),
  }),
  column.accessor("hits", {
    header: "Held back",
    enableSorting: true,
    meta: { from: "sm", width: 105, align: "right" },
    cell: ({ row: { original: one } }) => (
      <span title={`${count(one.sensorHits)} of them on sensors`}>{count(one.hits)}</span>
    ),
  }),
  column.accessor("lastHitAt", {
    header: "Last",
    enableSorting: true,
    meta: { from: "xl", width: 90 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "–" : <Time at={at} />;
    },
  }),
  column.accessor("expiresAt", {
    header: "Ends",
    enableSorting: true,
    meta: { from: "sm", width: 115 },
    cell: ({ getValue }) => <Remaining until={getValue()} />,
  }),
  column.display({
    id: "actions",
    header: "",
    meta: { width: 138, align: "right", label: "Actions" },
    cell: ({ row: { original: one } }) => <Actions of={one} />,
  }),
];

function Any({ of }: { of: string }) {
  return (
    <Text span fz="inherit" c="dimmed">
      any {of}
    </Text>
  );
}

function Actions({ of: { id } }: { of: Suppression }) {
  const mayAct = useMayAct();
  const extend = useCommand(extendSuppression);
  const lift = useCommand(removeSuppression);
  const until = (ttlSeconds: number | null) =>
    extend.mutate(
      { id, ttlSeconds },
      {
        onSuccess: () => showDone("It ends at another time now"),
        onError: (error) => showProblem("It ends as it did", error),
      },
    );
  if (!mayAct) return null;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button size="compact-xs" variant="default" loading={extend.isPending}>
            Extend
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {EXTENSIONS.map((seconds) => (
            <Menu.Item key={seconds} onClick={() => until(seconds)}>
              {span(seconds)} from now
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => until(null)}>Until somebody lifts it</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button
        size="compact-xs"
        variant="default"
        loading={lift.isPending}
        onClick={() =>
          lift.mutate(id, {
            onSuccess: () => showDone("Lifted", "Such events come again."),
            onError: (error) => showProblem("It is still ignored", error),
          })
        }
      >
        Lift
      </Button>
    </Group>
  );
}
