import { Button, Group, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { shared as t } from "../texts/shared";
import { ErrorNote } from "./ErrorNote";

interface CommandFormProps {
  /** What the button says. */
  submit: string;
  onSubmit: () => void;
  pending: boolean;
  /** What the control plane said last; `null` where it has not refused. */
  error: unknown;
  /** The title of the refusal. */
  failed: string;
  disabled?: boolean | undefined;
  isDangerous?: boolean;
  onCancel?: (() => void) | undefined;
  /** Left of the buttons. */
  aside?: ReactNode;
  children: ReactNode;
}

/** Fields, the refusal where there was one, and the buttons. */
export function CommandForm(props: CommandFormProps) {
  const { submit, onSubmit, pending, error, failed, disabled, isDangerous, onCancel, aside, children } =
    props;
  return (
    <Stack
      component="form"
      gap="sm"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      {children}
      {Boolean(error) && <ErrorNote title={failed} error={error} />}
      <Group justify={aside ? "space-between" : "flex-end"} gap="xs">
        {aside}
        <Group gap="xs">
          {onCancel && (
            <Button variant="default" onClick={onCancel} data-autofocus={isDangerous || undefined}>
              {t.cancel}
            </Button>
          )}
          <Button
            type="submit"
            color={isDangerous ? "red" : undefined}
            loading={pending}
            disabled={disabled ?? false}
          >
            {submit}
          </Button>
        </Group>
      </Group>
    </Stack>
  );
}
