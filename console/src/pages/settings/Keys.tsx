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

const TTLS = [2_592_000, 7_776_000, 31_536_000] as const;

const column = createColumnHelper<ApiKey>();

const columns = [
  column.accessor("name", { header: "Whose it is" }),
  column.accessor("role", { header: "Role", meta: { width: 100 } }),
  column.accessor("createdAt", {
    header: "Made",
    meta: { from: "md", width: 160 },
    cell: ({ row: { original: key } }) => (
      <>
        <Time at={key.createdAt} /> by {key.createdBy}
      </>
    ),
  }),
  column.accessor("lastUsedAt", {
    header: "Last used",
    meta: { from: "sm", width: 110 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "never" : <Time at={at} />;
    },
  }),
  column.accessor("expiresAt", {
    header: "Ends",
    meta: { from: "sm", width: 110 },
    cell: ({ getValue }) => <End at={getValue()} />,
  }),
  column.display({
    id: "state",
    header: "",
    meta: { width: 110, align: "right", label: "Revoke" },
    cell: ({ row: { original: key } }) =>
      key.revokedAt === null ? <Revoke apiKey={key} /> : <Badge color="gray">Revoked</Badge>,
  }),
];

/** What programs come in with. */
export function Keys() {
  const { data, error } = useQuery(keysQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label="Make a key" icon={Plus}>
          {() => <AddKey />}
        </DialogButton>
      </Group>
      <DataTable
        label="API keys"
        columns={columns}
        rows={data}
        rowId={(key) => key.id}
        error={error}
        empty={
          <EmptyState icon={KeyRound} title="No API key">
            Programs, portctl among them, come in with one.
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
  if (add.data) return <ShownOnce title={`The key of ${name.trim()}`} secret={add.data.key} />;
  return (
    <CommandForm
      submit="Make"
      failed="Not made"
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === ""}
      onSubmit={() => add.mutate({ name: name.trim(), role, ...(ttl === null ? {} : { ttlSeconds: ttl }) })}
    >
      <TextInput
        label="Whose it is"
        placeholder="nightly-report"
        required
        data-autofocus
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="Role"
        allowDeselect={false}
        data={[...ROLES]}
        value={role}
        onChange={(role) => role && setRole(role as Role)}
      />
      <TtlSelect choices={TTLS} without="Until it is revoked" value={ttl} onChange={setTtl} />
    </CommandForm>
  );
}

function End({ at }: { at: number | null }) {
  if (at === null) return "never";
  const left = at - Date.now() / 1_000;
  return left <= 0 ? "over" : `in ${Math.ceil(left / 86_400)} d`;
}

function Revoke({ apiKey }: { apiKey: ApiKey }) {
  const revoke = useCommand(revokeKey);
  return (
    <ConfirmButton
      warning={`Whatever uses the key of ${apiKey.name} is shut out at once.`}
      onConfirm={() =>
        revoke.mutate(apiKey.id, { onError: (error) => showProblem("The key still works", error) })
      }
    >
      Revoke
    </ConfirmButton>
  );
}
