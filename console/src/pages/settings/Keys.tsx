import { Badge, Group, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { addKey, keysQuery, ROLES, revokeKey } from "../../api/settings";
import type { ApiKey, Role } from "../../api/types";
import { CommandForm } from "../../shared/CommandForm";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { DataTable } from "../../shared/DataTable";
import { DialogButton } from "../../shared/DialogButton";
import { EmptyState } from "../../shared/EmptyState";
import { showProblem } from "../../shared/notices";
import { ShownOnce } from "../../shared/ShownOnce";
import { Time } from "../../shared/Time";
import { TtlSelect } from "../../shared/TtlSelect";
import { settings as t } from "../../texts/settings";

const TTLS = [2_592_000, 7_776_000, 31_536_000] as const;

const column = createColumnHelper<ApiKey>();

const columns = [
  column.accessor("name", { header: t.whoseItIs }),
  column.accessor("role", { header: t.role, meta: { width: 100 } }),
  column.accessor("createdAt", {
    header: t.made,
    meta: { from: "md", width: 160 },
    cell: ({ row: { original: key } }) => (
      <>
        <Time at={key.createdAt} /> {t.by} {key.createdBy}
      </>
    ),
  }),
  column.accessor("lastUsedAt", {
    header: t.lastUsed,
    meta: { from: "sm", width: 110 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "never" : <Time at={at} />;
    },
  }),
  column.accessor("expiresAt", {
    header: t.ends,
    meta: { from: "sm", width: 110 },
    cell: ({ getValue }) => <End at={getValue()} />,
  }),
  column.display({
    id: "state",
    header: "",
    meta: { width: 110, align: "right", label: t.revoke },
    cell: ({ row: { original: key } }) =>
      key.revokedAt === null ? <Revoke apiKey={key} /> : <Badge color="gray">{t.revoked}</Badge>,
  }),
];

/** What programs come in with. */
export function Keys() {
  const { data, error } = useQuery(keysQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label={t.makeAKey} icon={Plus}>
          {() => <AddKey />}
        </DialogButton>
      </Group>
      <DataTable
        label={t.apiKeys}
        columns={columns}
        rows={data}
        rowId={(key) => key.id}
        error={error}
        empty={
          <EmptyState icon={KeyRound} title={t.noApiKey}>
            {t.programsPortctlAmongThem}
          </EmptyState>
        }
      />
    </Stack>
  );
}

function AddKey() {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [ttl, setTtl] = useState<number | null>(7_776_000);
  const add = useCommand(addKey);
  if (add.data) return <ShownOnce title={t.theKeyOf(name.trim())} secret={add.data.key} />;
  return (
    <CommandForm
      submit={t.make}
      failed={t.notMade}
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === ""}
      onSubmit={() => add.mutate({ name: name.trim(), role, ...(ttl === null ? {} : { ttlSeconds: ttl }) })}
    >
      <TextInput
        label={t.whoseItIs}
        placeholder={t.nightlyReport}
        required
        data-autofocus
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t.role}
        allowDeselect={false}
        data={[...ROLES]}
        value={role}
        onChange={(role) => role && setRole(role as Role)}
      />
      <TtlSelect choices={TTLS} without={t.untilItIsRevoked} value={ttl} onChange={setTtl} />
    </CommandForm>
  );
}

function End({ at }: { at: number | null }) {
  if (at === null) return "never";
  const left = at - Date.now() / 1_000;
  return left <= 0 ? "over" : t.inD(Math.ceil(left / 86_400));
}

function Revoke({ apiKey }: { apiKey: ApiKey }) {
  const revoke = useCommand(revokeKey);
  return (
    <ConfirmButton
      warning={t.whateverUsesTheKey(apiKey.name)}
      onConfirm={() =>
        revoke.mutate(apiKey.id, { onError: (error) => showProblem(t.theKeyStillWorks, error) })
      }
    >
      {t.revoke}
    </ConfirmButton>
  );
}
