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

const column = createColumnHelper<User>();

const columns = [
  column.accessor("name", { header: "Name" }),
  column.accessor("role", {
    header: "Role",
    meta: { width: 130 },
    cell: ({ row: { original: user } }) => <RoleSelect user={user} />,
  }),
  column.accessor("lastLogInAt", {
    header: "Last log-in",
    meta: { from: "sm", width: 120 },
    cell: ({ getValue }) => {
      const at = getValue();
      return at === null ? "never" : <Time at={at} />;
    },
  }),
  column.accessor("sessions", { header: "Sessions", meta: { from: "md", width: 90, align: "right" } }),
  column.accessor("disabledAt", {
    header: "State",
    meta: { from: "sm", width: 100 },
    cell: ({ getValue }) =>
      getValue() === null ? <Badge color="teal">Active</Badge> : <Badge color="gray">Disabled</Badge>,
  }),
  column.display({
    id: "actions",
    header: "",
    meta: { width: 190, align: "right", label: "Actions" },
    cell: ({ row: { original: user } }) => <UserActions user={user} />,
  }),
];

/** Who logs in with name and password. */
export function Users() {
  const { data, error } = useQuery(usersQuery);
  return (
    <Stack>
      <Group justify="flex-end">
        <DialogButton label="Add a user" icon={UserPlus}>
          {(close) => <AddUser onDone={close} />}
        </DialogButton>
      </Group>
      <DataTable
        label="Users"
        columns={columns}
        rows={data}
        rowId={(user) => user.name}
        error={error}
        empty={
          <EmptyState icon={UsersRound} title="No user yet">
            Whoever is to log in with name and password is added here. API keys are for programs.
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
    showDone(`${name.trim()} may log in`);
    onDone();
  };
  return (
    <CommandForm
      submit="Add"
      failed="Not added"
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === "" || password === ""}
      onSubmit={() => add.mutate({ name: name.trim(), role, password }, { onSuccess: done })}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        autoComplete="off"
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="Role"
        description="Viewers look, analysts block and ignore, admins do everything"
        allowDeselect={false}
        data={[...ROLES]}
        value={role}
        onChange={(role) => role && setRole(role as Role)}
      />
      <PasswordInput
        label="First password"
        description="At least 15 characters; they change it themselves"
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
      aria-label={`Role of ${user.name}`}
      size="xs"
      allowDeselect={false}
      data={[...ROLES]}
      value={user.role}
      disabled={change.isPending}
      onChange={(role) =>
        role &&
        change.mutate(
          { name: user.name, role: role as Role },
          { onError: (error) => showProblem(`${user.name} keeps the role`, error) },
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
            { onError: (error) => showProblem(`${user.name} stays as it was`, error) },
          )
        }
      >
        {isOff ? "Enable" : "Disable"}
      </Button>
      <ConfirmButton
        warning={`${user.name} is forgotten and logged out. What they did stays in the audit log.`}
        onConfirm={() =>
          remove.mutate(user.name, { onError: (error) => showProblem(`${user.name} is not removed`, error) })
        }
      >
        Remove
      </ConfirmButton>
    </Group>
  );
}
