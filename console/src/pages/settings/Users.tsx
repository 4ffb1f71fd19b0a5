import { Badge, Button, Group, PasswordInput, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { UserPlus, UsersRound } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { addUser, modifyUser, ROLES, removeUser, usersQuery } from "../../api/settings";
import type { Role, User } from "../../api/types";
import { CommandForm } from "../../shared/CommandForm";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { DataTable } from "../../shared/DataTable";
import { DialogButton } from "../../shared/DialogButton";
import { EmptyState } from "../../shared/EmptyState";
import { showDone, showProblem } from "../../shared/notices";
import { Time } from "../../shared/Time";
import { settings as t } from "../../texts/settings";

const column = createColumnHelper<User>();

const columns = [
  column.accessor("name", { header: t.name }),
  column.accessor("role", {
    header: t.role,
    meta: { width: 130 },
    cell: ({ row: { original: user } }) => <RoleSelect user={user} />,
  }),
  column.accessor("lastLogInAt", {
    header: t.lastLogIn,
    meta: { from: "sm", width: 120 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "never" : <Time at={at} />;
    },
  }),
  column.accessor("sessions", { header: t.sessions, meta: { from: "md", width: 90, align: "right" } }),
  column.accessor("disabledAt", {
    header: t.state,
    meta: { from: "sm", width: 100 },
    cell: ({ getValue }) =>
      getValue() === null ? <Badge color="teal">{t.active}</Badge> : <Badge color="gray">{t.disabled}</Badge>,
  }),
  column.display({
    id: "actions",
    header: "",
    meta: { width: 190, align: "right", label: t.actions },
    cell: ({ row: { original: user } }) => <UserActions user={user} />,
  }),
];

/** Who logs in with name and password. */
export function Users() {
  const { data, error } = useQuery(usersQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label={t.addAUser} icon={UserPlus}>
          {(close) => <AddUser onDone={close} />}
        </DialogButton>
      </Group>
      <DataTable
        label={t.users}
        columns={columns}
        rows={data}
        rowId={(user) => user.name}
        error={error}
        empty={
          <EmptyState icon={UsersRound} title={t.noUserYet}>
            {t.whoeverIsToLog}
          </EmptyState>
        }
      />
    </Stack>
  );
}

function AddUser({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [role, setRole] = useState<Role>("analyst");
  const add = useCommand(addUser);
  const done = () => {
    showDone(t.mayLogIn(name.trim()));
    onDone();
  };
  return (
    <CommandForm
      submit={t.add}
      failed={t.notAdded}
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === "" || password === ""}
      onSubmit={() => add.mutate({ name: name.trim(), role, password }, { onSuccess: done })}
    >
      <TextInput
        label={t.name}
        required
        data-autofocus
        autoComplete="off"
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t.role}
        description={t.viewersLookAnalystsBlock}
        allowDeselect={false}
        data={[...ROLES]}
        value={role}
        onChange={(role) => role && setRole(role as Role)}
      />
      <PasswordInput
        label={t.firstPassword}
        description={t.atLeast15Characters}
        required
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
    </CommandForm>
  );
}

function RoleSelect({ user }: { user: User }) {
  const change = useCommand(modifyUser);
  return (
    <Select
      aria-label={t.roleOf(user.name)}
      size="xs"
      allowDeselect={false}
      data={[...ROLES]}
      value={user.role}
      disabled={change.isPending}
      onChange={(role) =>
        role &&
        change.mutate(
          { name: user.name, role: role as Role },
          { onError: (error) => showProblem(t.keepsTheRole(user.name), error) },
        )
      }
    />
  );
}

function UserActions({ user }: { user: User }) {
  const change = useCommand(modifyUser);
  const remove = useCommand(removeUser);
  const isOff = user.disabledAt !== null;
  return (
    <Group gap={6} justify="flex-end" wrap="nowrap">
      <Button
        size="compact-xs"
        variant="default"
        loading={change.isPending}
        onClick={() =>
          change.mutate(
            { name: user.name, disabled: !isOff },
            { onError: (error) => showProblem(t.staysAsItWas(user.name), error) },
          )
        }
      >
        {isOff ? t.enable : t.disable}
      </Button>
      <ConfirmButton
        warning={t.isForgottenAndLogged(user.name)}
        onConfirm={() =>
          remove.mutate(user.name, {
            onError: (error) => showProblem(t.targetIsNotRemoved(user.name), error),
          })
        }
      >
        {t.remove}
      </ConfirmButton>
    </Group>
  );
}
