import { Button, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword } from "../api/commands";
import { ErrorNote } from "../shared/ErrorNote";

/** For whoever logged in with one. Their other sessions end with it. */
export function ChangePassword({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const differs = again !== "" && again !== next;

  function leave() {
    setCurrent("");
    setNext("");
    setAgain("");
    change.reset();
    onClose();
  }

  const change = useMutation({
    mutationFn: () => changePassword(current, next),
    onSuccess: () => {
      notifications.show({ message: "Your password is changed. Your other sessions have ended." });
      leave();
    },
  });

  return (
    <Modal opened={opened} onClose={leave} title="Change password">
      <Stack
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password"
          description="15 characters at least."
          autoComplete="new-password"
          required
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label="New password once more"
          autoComplete="new-password"
          required
          value={again}
          error={differs && "These are two different passwords."}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {change.isError && <ErrorNote title="Not changed" error={change.error} />}
        <Button type="submit" loading={change.isPending} disabled={!current || !next || again !== next}>
          Change password
        </Button>
        <Text size="xs" c="dimmed">
          Your other sessions end.
        </Text>
      </Stack>
    </Modal>
  );
}
