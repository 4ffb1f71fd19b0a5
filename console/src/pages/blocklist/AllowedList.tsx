import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { ShieldCheck } from "lucide-react";
import { useCommand } from "../../api/commands";
import { allowedQuery, removeAllowed } from "../../api/lists";
import type { Allowed } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { showProblem } from "../../shared/notices";
import { useMayAct } from "../../shared/rights";
import { Time } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { blocklist as t } from "../../texts/blocklist";

const column = createColumnHelper<Allowed>();

const columns = [
  column.accessor("cidr", {
    header: t.address,
    meta: { width: "26%" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("sensors", {
    header: t.applied,
    meta: { from: "xs", width: 90 },
    cell: ({ getValue }) => t.appliedOf(getValue().applied, getValue().total),
  }),
  column.accessor("reason", {
    header: t.reason,
    meta: { from: "sm" },
    cell: ({ getValue }) => <Hostile truncate>{getValue()}</Hostile>,
  }),
  column.accessor("author", {
    header: t.by,
    meta: { width: 130 },
    cell: ({ row: { original: one } }) => (
      <Text size="xs" c="dimmed" truncate>
        {one.author}, <Time at={one.createdAt} />
      </Text>
    ),
  }),
  column.display({
    id: "remove",
    header: "",
    meta: { width: 100, align: "right", label: t.remove },
    cell: ({ row: { original: one } }) => <Remove cidr={one.cidr} />,
  }),
];

export function AllowedList({ search }: { search: string }) {
  const { data, error } = useQuery(allowedQuery);
  const wanted = search.toLowerCase();
  const rows = data?.filter((one) =>
    [one.cidr, one.reason, one.author].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <DataTable
      label={t.neverBlocked}
      columns={columns}
      rows={rows}
      rowId={(one) => one.cidr}
      error={error}
      empty={
        search ? (
          <EmptyState icon={ShieldCheck} title={t.nothingFitsTheSearch}>
            {t.itLooksIntoAddress}
          </EmptyState>
        ) : (
          <EmptyState icon={ShieldCheck} title={t.nobodyIsKeptFrom}>
            {t.addYourOwnOffices}
          </EmptyState>
        )
      }
    />
  );
}

function Remove({ cidr }: { cidr: string }) {
  const mayAct = useMayAct();
  const remove = useCommand(removeAllowed);
  return (
    <Button
      size="compact-xs"
      variant="default"
      disabled={!mayAct}
      loading={remove.isPending}
      onClick={() =>
        remove.mutate(cidr, {
          onSuccess: (reply) => showCoverage(t.mayBeBlockedAgain(cidr), coverageOf(reply)),
          onError: (error) => showProblem(t.isStillNeverBlocked(cidr), error),
        })
      }
    >
      {t.remove}
    </Button>
  );
}
