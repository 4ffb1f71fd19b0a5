import { Badge, Button, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { BellRing, Plus, Send } from "lucide-react";
import { useCommand } from "../../api/commands";
import {
  deliveriesQuery,
  removeTarget,
  setTargetEnabled,
  targetsQuery,
  testTarget,
} from "../../api/settings";
import type { Delivery, NotifyTarget } from "../../api/types";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { DataTable } from "../../shared/DataTable";
import { DialogButton } from "../../shared/DialogButton";
import { EmptyState } from "../../shared/EmptyState";
import { count } from "../../shared/format";
import { showDone, showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { settings as t } from "../../texts/settings";
import { AddTarget } from "./AddTarget";

const target = createColumnHelper<NotifyTarget>();

const targets = [
  target.accessor("name", {
    header: t.name,
    cell: ({ row: { original: one } }) => (
      <Group gap={6} wrap="nowrap">
        <Text fz="inherit" truncate>
          {one.name}
        </Text>
        <Badge size="xs" color="gray">
          {one.kind}
        </Badge>
      </Group>
    ),
  }),
  target.accessor("address", {
    header: t.whereTo,
    meta: { from: "sm", width: "22%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  target.accessor("severity", {
    header: t.toldOf,
    meta: { from: "md", width: 150 },
    cell: ({ getValue }) => (getValue().length === 0 ? t.everything : getValue().join(", ")),
  }),
  target.accessor("delivered", {
    header: t.delivered,
    meta: { from: "sm", width: 90, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  target.accessor("queued", {
    header: t.waiting,
    meta: { from: "md", width: 80, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  target.accessor("failures", {
    header: t.state,
    meta: { width: 110 },
    cell: ({ row: { original: one } }) => <State of={one} />,
  }),
  target.display({
    id: "actions",
    header: "",
    meta: { width: 210, align: "right", label: t.actions },
    cell: ({ row: { original: one } }) => <Actions of={one} />,
  }),
];

const delivery = createColumnHelper<Delivery>();

const deliveries = [
  delivery.accessor("at", {
    header: t.when,
    meta: { width: 110 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  delivery.accessor("name", { header: t.target, meta: { width: "20%" } }),
  delivery.accessor("outcome", {
    header: t.outcome,
    meta: { width: 120 },
    cell: ({ getValue }) => (
      <Badge color={getValue() === "delivered" ? "teal" : getValue() === "failed" ? "yellow" : "red"}>
        {getValue()}
      </Badge>
    ),
  }),
  delivery.accessor("count", {
    header: t.events,
    meta: { from: "sm", width: 90, align: "right" },
    cell: ({ row: { original: one } }) => (one.isTest ? t.aTest : count(one.count)),
  }),
  delivery.accessor("attempt", { header: t.attempt, meta: { from: "md", width: 80, align: "right" } }),
  delivery.accessor("tookMs", {
    header: t.took,
    meta: { from: "md", width: 90, align: "right" },
    cell: ({ getValue }) => t.milliseconds(getValue()),
  }),
  delivery.accessor("detail", {
    header: t.whatWasSaid,
    meta: { from: "sm" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
];

/** Who is told of new events, and what became of it. */
export function Notifications() {
  const known = useQuery(targetsQuery);
  const log = useQuery(deliveriesQuery);
  const isAdmin = useIsAdmin();
  return (
    <Stack>
      {isAdmin && (
        <Group justify="flex-end">
          <DialogButton label={t.addATarget} icon={Plus}>
            {(close) => <AddTarget onDone={close} />}
          </DialogButton>
        </Group>
      )}
      <DataTable
        label={t.targets}
        columns={targets}
        rows={known.data}
        rowId={(one) => one.name}
        error={known.error}
        empty={
          <EmptyState icon={BellRing} title={t.nobodyIsToldYet}>
            {t.aWebhookSlackSyslog}
          </EmptyState>
        }
      />
      <Title order={2} size="sm">
        {t.deliveries}
      </Title>
      <DataTable
        label={t.deliveries}
        columns={deliveries}
        rows={log.data}
        rowId={(one) => String(one.seq)}
        error={log.error}
        empty={
          <EmptyState icon={Send} title={t.nothingWasSentYet}>
            {t.pressTestOnA}
          </EmptyState>
        }
      />
    </Stack>
  );
}

function State({ of: one }: { of: NotifyTarget }) {
  if (!one.enabled) return <Badge color="gray">{t.disabled}</Badge>;
  if (one.failures === 0) return <Badge color="teal">{t.well}</Badge>;
  return (
    <Badge color="red" title={t.attemptsFailedSinceThe(one.failures)}>
      {t.failing}
    </Badge>
  );
}

function Actions({ of: { name, enabled } }: { of: NotifyTarget }) {
  const isAdmin = useIsAdmin();
  const test = useCommand(testTarget);
  const change = useCommand(setTargetEnabled);
  const remove = useCommand(removeTarget);
  if (!isAdmin) return null;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Button
        size="compact-xs"
        variant="default"
        loading={test.isPending}
        onClick={() =>
          test.mutate(name, {
            onSuccess: ({ delivered, detail, tookMs }) =>
              delivered
                ? showDone(t.tookTheTest(name), t.afterMs(detail, tookMs))
                : showProblem(t.didNotTakeThe(name), new Error(detail)),
            onError: (error) => showProblem(t.wasNotTested(name), error),
          })
        }
      >
        {t.test}
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        loading={change.isPending}
        onClick={() =>
          change.mutate(
            { name, enabled: !enabled },
            { onError: (error) => showProblem(t.staysAsItWas(name), error) },
          )
        }
      >
        {enabled ? t.disable : t.enable}
      </Button>
      <ConfirmButton
        warning={t.whatWaitsForAnd(name)}
        onConfirm={() =>
          remove.mutate(name, { onError: (error) => showProblem(t.targetIsNotRemoved(name), error) })
        }
      >
        {t.remove}
      </ConfirmButton>
    </Group>
  );
}
