import { Badge, Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { type ApiKey, addKey, keysQuery, ROLES, revokeKey } from "../../api/settings";
import type { Role } from "../../api/types";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { showProblem } from "../../shared/notices";
import { Time } from "../../shared/Time";
import { ConfirmButton } from "./ConfirmButton";
import { ShownOnce } from "./ShownOnce";

const TTLS = [
  { value: "2592000", label: "30 days" },
  { value: "7776000", label: "90 days" },
  { value: "31536000", label: "A year" },
  { value: "never", label: "Until it is revoked" },
];

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
  const [adding, { open, close }] = useDisclosure();
  return (
    <Stack>
      <Group justify="flex-end">
        <Button size="xs" leftSection={<Plus size={14} aria-hidden />} onClick={open}>
          Make a key
        </Button>
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
      <Modal opened={adding} onClose={close} title="Make a key" closeButtonProps={{ "aria-label": "Close" }}>
        <AddKey />
      </Modal>
    </Stack>
  );
}

function AddKey() {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("viewer");
  const [ttl, setTtl] = useState("7776000");
  const add = useCommand(addKey);
  if (add.data) return <ShownOnce title={`The key of ${name.trim()}`} secret={add.data.key} />;
  return (
    <Stack
      component="form"
      gap="sm"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate({ name: name.trim(), role, ...(ttl === "never" ? {} : { ttlSeconds: Number(ttl) }) });
      }}
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
      <Select
        label="For how long"
        allowDeselect={false}
        data={TTLS}
        value={ttl}
        onChange={(ttl) => ttl && setTtl(ttl)}
      />
      {add.isError && <ErrorNote title="Not made" error={add.error} />}
      <Group justify="flex-end">
        <Button type="submit" loading={add.isPending} disabled={name.trim() === ""}>
          Make
        </Button>
      </Group>
    </Stack>
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
