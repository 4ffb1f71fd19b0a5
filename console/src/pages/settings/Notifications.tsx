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
import { AddTarget } from "./AddTarget";

const target = createColumnHelper<NotifyTarget>();

const targets = [
  target.accessor("name", {
    header: "Name",
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
    header: "Where to",
    meta: { from: "sm", width: "22%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  target.accessor("severity", {
    header: "Told of",
    meta: { from: "md", width: 150 },
    cell: ({ getValue }) => (getValue().length === 0 ? "everything" : getValue().join(", ")),
  }),
  target.accessor("delivered", {
    header: "Delivered",
    meta: { from: "sm", width: 90, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  target.accessor("queued", {
    header: "Waiting",
    meta: { from: "md", width: 80, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  target.accessor("failures", {
    header: "State",
    meta: { width: 110 },
    cell: ({ row: { original: one } }) => <State of={one} />,
  }),
  target.display({
    id: "actions",
    header: "",
    meta: { width: 210, align: "right", label: "Actions" },
    cell: ({ row: { original: one } }) => <Actions of={one} />,
  }),
];

const delivery = createColumnHelper<Delivery>();

const deliveries = [
  delivery.accessor("at", {
    header: "When",
    meta: { width: 110 },
    cell: ({ getValue }) => <Time at={getValue()} />,
  }),
  delivery.accessor("name", { header: "Target", meta: { width: "20%" } }),
  delivery.accessor("outcome", {
    header: "Outcome",
    meta: { width: 120 },
    cell: ({ getValue }) => (
      <Badge color={getValue() === "delivered" ? "teal" : getValue() === "failed" ? "yellow" : "red"}>
        {getValue()}
      </Badge>
    ),
  }),
  delivery.accessor("count", {
    header: "Events",
    meta: { from: "sm", width: 90, align: "right" },
    cell: ({ row: { original: one } }) => (one.isTest ? "test" : count(one.count)),
  }),
  delivery.accessor("attempt", { header: "Attempt", meta: { from: "md", width: 80, align: "right" } }),
  delivery.accessor("tookMs", {
    header: "Took",
    meta: { from: "md", width: 90, align: "right" },
    cell: ({ getValue }) => `${count(getValue())} ms`,
  }),
  delivery.accessor("detail", {
    header: "What was said",
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
          <DialogButton label="Add a target" icon={Plus}>
            {(close) => <AddTarget onDone={close} />}
          </DialogButton>
        </Group>
      )}
      <DataTable
        label="Targets"
        columns={targets}
        rows={known.data}
        rowId={(one) => one.name}
        error={known.error}
        empty={
          <EmptyState icon={BellRing} title="Nobody is told yet">
            A webhook, Slack, syslog, Splunk or OpenTelemetry can be told of each new event.
          </EmptyState>
        }
      />
      <Title order={2} size="sm">
        Deliveries
      </Title>
      <DataTable
        label="Deliveries"
        columns={deliveries}
        rows={log.data}
        rowId={(one) => String(one.seq)}
        error={log.error}
        empty={
          <EmptyState icon={Send} title="Nothing was sent yet">
            Press «Test» on a target to see whether it can be reached.
          </EmptyState>
        }
      />
    </Stack>
  );
}

function State({ of: one }: { of: NotifyTarget }) {
  if (!one.enabled) return <Badge color="gray">Disabled</Badge>;
  if (one.failures === 0) return <Badge color="teal">Well</Badge>;
  return (
    <Badge color="red" title={`${count(one.failures)} attempts failed since the last success`}>
      Failing
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
                ? showDone(`${name} took the test`, `${detail} after ${count(tookMs)} ms`)
                : showProblem(`${name} did not take the test`, new Error(detail)),
            onError: (error) => showProblem(`${name} was not tested`, error),
          })
        }
      >
        Test
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        loading={change.isPending}
        onClick={() =>
          change.mutate(
            { name, enabled: !enabled },
            { onError: (error) => showProblem(`${name} stays as it was`, error) },
          )
        }
      >
        {enabled ? "Disable" : "Enable"}
      </Button>
      <ConfirmButton
        warning={`What waits for ${name} and its deliveries are forgotten with it.`}
        onConfirm={() =>
          remove.mutate(name, { onError: (error) => showProblem(`${name} is not removed`, error) })
        }
      >
        Remove
      </ConfirmButton>
    </Group>
  );
}
