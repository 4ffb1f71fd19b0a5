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
import { settings as t } from "../../../texts/settings";
import { VniMapping } from "./VniMapping";

const column = createColumnHelper<Account>();

const columns = [
  column.accessor("id", { header: t.account, meta: { width: "30%" } }),
  column.accessor("name", { header: t.name }),
  column.accessor("createdAt", {
    header: t.made,
    meta: { from: "sm", width: 190 },
    cell: ({ row: { original: one } }) => (
      <>
        <Time at={one.createdAt} /> {t.by} {one.createdBy}
      </>
    ),
  }),
  column.display({
    id: "remove",
    header: "",
    meta: { width: 100, align: "right", label: t.remove },
    cell: ({ row: { original: one } }) => <Remove id={one.id} />,
  }),
];

/** The accounts besides the operator's, and whose the overlay networks are. */
export function Accounts() {
  const { data, error } = useQuery(accountsQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label={t.addAnAccount} icon={Plus}>
          {() => <AddAccount />}
        </DialogButton>
      </Group>
      <DataTable
        label={t.accounts}
        columns={columns}
        rows={data}
        rowId={(one) => one.id}
        error={error}
        empty={
          <EmptyState icon={Building2} title={t.noOtherAccount}>
            {t.eachAccountHasIts}
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
  if (add.data) return <ShownOnce title={t.theFirstKeyOf(add.data.id)} secret={add.data.key} />;
  return (
    <CommandForm
      submit={t.add}
      failed={t.notAdded}
      error={problems.others.length > 0 ? add.error : null}
      pending={add.isPending}
      disabled={id.trim() === ""}
      onSubmit={() => add.mutate({ id: id.trim(), name: name.trim() })}
    >
      <TextInput
        label={t.id}
        description={t.lowerCaseLettersDigits}
        placeholder={t.acme}
        required
        data-autofocus
        maxLength={32}
        value={id}
        error={problems.at.get("id")}
        onChange={(event) => setId(event.currentTarget.value)}
      />
      <TextInput
        label={t.name}
        placeholder={t.acmeGmbh}
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
      warning={t.allThatHasGoes(id)}
      onConfirm={() => remove.mutate(id, { onError: (error) => showProblem(t.isNotRemoved(id), error) })}
    >
      {t.remove}
    </ConfirmButton>
  );
}
