import { Button, Group, Menu, Text } from "@mantine/core";
import { createColumnHelper } from "@tanstack/react-table";
import { useCommand } from "../../api/commands";
import { extendSuppression, removeSuppression } from "../../api/suppressions";
import type { Suppression } from "../../api/types";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { showDone, showProblem } from "../../shared/notices";
import { Remaining } from "../../shared/Remaining";
import { useMayAct } from "../../shared/rights";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { suppressions as t } from "../../texts/suppressions";

/** In seconds. */
export const EXTENSIONS = [86_400, 604_800, 2_592_000, 7_776_000] as const;

const column = createColumnHelper<Suppression>();

export const columns = [
  column.accessor("filterId", {
    header: t.policy,
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
    header: t.endpoint,
    cell: ({ row: { original: one } }) =>
      one.url === "" && one.host === "" ? (
        <Any of="endpoint" />
      ) : (
        <Hostile truncate>{`${one.method} ${one.host}${one.url}`.trim()}</Hostile>
      ),
  }),
  column.accessor("actor", {
    header: t.actor,
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
    header: t.whyAndWho,
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
    header: t.heldBack,
    enableSorting: true,
    meta: { from: "sm", width: 105, align: "right" },
    cell: ({ row: { original: one } }) => (
      <span title={t.ofThemOnSensors(one.sensorHits)}>{count(one.hits)}</span>
    ),
  }),
  column.accessor("lastHitAt", {
    header: t.last,
    enableSorting: true,
    meta: { from: "xl", width: 90 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "–" : <Time at={at} />;
    },
  }),
  column.accessor("expiresAt", {
    header: t.ends,
    enableSorting: true,
    meta: { from: "sm", width: 115 },
    cell: ({ getValue }) => <Remaining until={getValue()} />,
  }),
  column.display({
    id: "actions",
    header: "",
    meta: { width: 138, align: "right", label: t.actions },
    cell: ({ row: { original: one } }) => <Actions of={one} />,
  }),
];

function Any({ of }: { of: string }) {
  return (
    <Text span fz="inherit" c="dimmed">
      {t.any(of)}
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
        onSuccess: () => showDone(t.itEndsAtAnother),
        onError: (error) => showProblem(t.itEndsAsIt, error),
      },
    );
  if (!mayAct) return null;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button size="compact-xs" variant="default" loading={extend.isPending}>
            {t.extend}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {EXTENSIONS.map((seconds) => (
            <Menu.Item key={seconds} onClick={() => until(seconds)}>
              {t.fromNow(seconds)}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => until(null)}>{t.untilSomebodyLiftsIt}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button
        size="compact-xs"
        variant="default"
        loading={lift.isPending}
        onClick={() =>
          lift.mutate(id, {
            onSuccess: () => showDone(t.lifted, t.suchEventsComeAgain),
            onError: (error) => showProblem(t.itIsStillIgnored, error),
          })
        }
      >
        {t.lift}
      </Button>
    </Group>
  );
}
