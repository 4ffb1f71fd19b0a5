import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Plus, TicketPlus } from "lucide-react";
import { useCommand } from "../../../api/commands";
import {
  changeIntegration,
  integrationsQuery,
  removeIntegration,
  testIntegration,
} from "../../../api/tickets";
import type { TicketIntegration } from "../../../api/types";
import { ConfirmButton } from "../../../shared/ConfirmButton";
import { DataTable } from "../../../shared/DataTable";
import { DialogButton } from "../../../shared/DialogButton";
import { EmptyState } from "../../../shared/EmptyState";
import { count } from "../../../shared/format";
import { showDone, showProblem } from "../../../shared/notices";
import { useIsAdmin } from "../../../shared/rights";
import { Hostile } from "../../../shared/text";
import { tickets as t } from "../../../texts/tickets";
import { IntegrationForm } from "./IntegrationForm";

const column = createColumnHelper<TicketIntegration>();

const columns = [
  column.accessor("name", {
    header: t.name,
    cell: ({ row: { original: one } }) => (
      <Group gap={6} wrap="nowrap">
        <Text fz="inherit" truncate>
          {one.name}
        </Text>
        <Badge size="xs" color="gray" style={{ flexShrink: 0 }}>
          {t.kinds[one.kind]}
        </Badge>
      </Group>
    ),
  }),
  column.accessor("url", {
    header: t.where,
    meta: { from: "lg", width: "22%" },
    cell: ({ row: { original: one } }) => <Hostile truncate>{`${one.url} ${one.project}`}</Hostile>,
  }),
  column.accessor("created", {
    header: t.tickets,
    meta: { from: "sm", width: 80, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("queued", {
    header: t.waiting,
    meta: { from: "md", width: 80, align: "right" },
    cell: ({ getValue }) => count(getValue()),
  }),
  column.accessor("failures", {
    header: t.stateColumn,
    meta: { from: "xs", width: 100 },
    cell: ({ row: { original: one } }) => <State of={one} />,
  }),
  column.display({
    id: "actions",
    header: "",
    meta: { width: "44%", align: "right", label: t.actions },
    cell: ({ row: { original: one } }) => <Actions of={one} />,
  }),
];

/** Where issues and events become tickets. */
export function Tickets() {
  const { data, error } = useQuery(integrationsQuery);
  const isAdmin = useIsAdmin();
  return (
    <Stack>
      {isAdmin && (
        <Group justify="flex-end">
          <DialogButton label={t.add} icon={Plus}>
            {(close) => <IntegrationForm onDone={close} />}
          </DialogButton>
        </Group>
      )}
      <DataTable
        label={t.label}
        columns={columns}
        rows={data}
        rowId={(one) => one.name}
        error={error}
        empty={
          <EmptyState icon={TicketPlus} title={t.noneTitle}>
            {t.noneHow}
          </EmptyState>
        }
      />
    </Stack>
  );
}

function State({ of: one }: { of: TicketIntegration }) {
  if (!one.enabled) return <Badge color="gray">{t.disabled}</Badge>;
  if (one.failures === 0) return <Badge color="teal">{t.well}</Badge>;
  return (
    <Badge color="red" title={t.attemptsFailed(one.failures, one.problem)}>
      {t.failing}
    </Badge>
  );
}

function Actions({ of: one }: { of: TicketIntegration }) {
  const { name, enabled } = one;
  const isAdmin = useIsAdmin();
  const test = useCommand(testIntegration);
  const change = useCommand(changeIntegration);
  const remove = useCommand(removeIntegration);
  if (!isAdmin) return null;
  return (
    <Group gap={6} justify="flex-end">
      <Button
        size="compact-xs"
        variant="default"
        loading={test.isPending}
        onClick={() =>
          test.mutate(name, {
            onSuccess: ({ works, detail, tookMs }) =>
              works
                ? showDone(t.works(name), t.after(detail, tookMs))
                : showProblem(t.worksNot(name), new Error(detail)),
            onError: (error) => showProblem(t.notTested(name), error),
          })
        }
      >
        {t.test}
      </Button>
      <DialogButton label={t.change} title={t.changeTitle(name)} size="compact-xs" variant="default">
        {(close) => <IntegrationForm known={one} onDone={close} />}
      </DialogButton>
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
        warning={t.removeWarning(name)}
        onConfirm={() => remove.mutate(name, { onError: (error) => showProblem(t.notRemoved(name), error) })}
      >
        {t.remove}
      </ConfirmButton>
    </Group>
  );
}
