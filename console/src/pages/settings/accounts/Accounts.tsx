import { Group, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Building2, Plus } from "lucide-react";
import { useState } from "react";
import { accountsQuery, addAccount, removeAccount } from "../../../api/accounts";
import { useCommand } from "../../../api/commands";
import type { Account } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { ConfirmButton } from "../../../shared/ConfirmButton";
import { DataTable } from "../../../shared/DataTable";
import { DialogButton } from "../../../shared/DialogButton";
import { EmptyState } from "../../../shared/EmptyState";
import { showProblem } from "../../../shared/notices";
import { problemsOf } from "../../../shared/problems";
import { ShownOnce } from "../../../shared/ShownOnce";
import { Time } from "../../../shared/Time";
import { VniMapping } from "./VniMapping";

const column = createColumnHelper<Account>();

const columns = [
  column.accessor("id", { header: "Account", meta: { width: "30%" } }),
  column.accessor("name", { header: "Name" }),
  column.accessor("createdAt", {
    header: "Made",
    meta: { from: "sm", width: 190 },
    cell: ({ row: { original: one } }) => (
      <>
        <Time at={one.createdAt} /> by {one.createdBy}
      </>
    ),
  }),
  column.display({
    id: "remove",
    header: "",
    meta: { width: 100, align: "right", label: "Remove" },
    cell: ({ row: { original: one } }) => <Remove id={one.id} />,
  }),
];

/** The accounts besides the operator's, and whose the overlay networks are. */
export function Accounts() {
  const { data, error } = useQuery(accountsQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label="Add an account" icon={Plus}>
          {() => <AddAccount />}
        </DialogButton>
      </Group>
      <DataTable
        label="Accounts"
        columns={columns}
        rows={data}
        rowId={(one) => one.id}
        error={error}
        empty={
          <EmptyState icon={Building2} title="No other account">
            Each account has its own events, users, keys, sensors and blocks, and sees nothing of the others.
          </EmptyState>
        }
      />
      <VniMapping />
    </Stack>
  );
}

function AddAccount() {
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  const add = useCommand(addAccount);
  const problems = problemsOf(add.error);
  if (add.data)
    return <ShownOnce title={`The first key of ${add.data.id}, an admin's`} secret={add.data.key} />;
  return (
    <CommandForm
      submit="Add"
      failed="Not added"
      error={problems.others.length > 0 ? add.error : null}
      pending={add.isPending}
      disabled={id.trim() === ""}
      onSubmit={() => add.mutate({ id: id.trim(), name: name.trim() })}
    >
      <TextInput
        label="Id"
        description="Lower-case letters, digits and hyphens, 32 at most; it stays"
        placeholder="acme"
        required
        data-autofocus
        maxLength={32}
        value={id}
        error={problems.at.get("id")}
        onChange={(event) => setId(event.currentTarget.value)}
      />
      <TextInput
        label="Name"
        placeholder="Acme GmbH"
        maxLength={100}
        value={name}
        error={problems.at.get("name")}
        onChange={(event) => setName(event.currentTarget.value)}
      />
    </CommandForm>
  );
}

function Remove({ id }: { id: string }) {
  const remove = useCommand(removeAccount);
  return (
    <ConfirmButton
      warning={`All that ${id} has goes with it, for good: events, users, keys and sensors.`}
      onConfirm={() => remove.mutate(id, { onError: (error) => showProblem(`${id} is not removed`, error) })}
    >
      Remove
    </ConfirmButton>
  );
}
