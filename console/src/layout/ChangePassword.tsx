import { Button, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword } from "../api/commands";
import { ErrorNote } from "../shared/ErrorNote";
import { layout as t } from "../texts/layout";

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
      notifications.show({ message: t.yourPasswordIsChanged });
      leave();
    },
  });

  return (
    <Modal opened={opened} onClose={leave} title={t.changePassword}>
      <Stack
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate();
        }}
      >
        <PasswordInput
          label={t.currentPassword}
          autoComplete="current-password"
          required
          value={current}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordInput
          label={t.newPassword}
          description={t.text15CharactersAtLeast}
          autoComplete="new-password"
          required
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <PasswordInput
          label={t.newPasswordOnceMore}
          autoComplete="new-password"
          required
          value={again}
          error={differs && t.theseAreTwoDifferent}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        {change.isError && <ErrorNote title={t.notChanged} error={change.error} />}
        <Button type="submit" loading={change.isPending} disabled={!current || !next || again !== next}>
          {t.changePassword}
        </Button>
        <Text size="xs" c="dimmed">
          {t.yourOtherSessionsEnd}
        </Text>
      </Stack>
    </Modal>
  );
}
