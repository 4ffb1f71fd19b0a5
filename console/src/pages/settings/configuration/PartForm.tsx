import { Button, Group, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useCommand } from "../../../api/commands";
import type { CommandReply } from "../../../api/types";
import { coverageOf } from "../../../block/coverage";
import { showCoverage } from "../../../block/notice";
import { ErrorNote } from "../../../shared/ErrorNote";
import { Panel } from "../../../shared/Panel";
import { type Problems, problemsOf } from "../../../shared/problems";
import { useIsAdmin } from "../../../shared/rights";
import { settings as t } from "../../../texts/settings";

export interface PartFieldProps<Value> {
  value: Value;
  onChange: (value: Value) => void;
  /** What the control plane refused, by field. */
  problems: Problems;
  disabled: boolean;
}

interface PartFormProps<Value> {
  title: string;
  about: string;
  saved: Value;
  save: (value: Value) => Promise<CommandReply>;
  children: (field: PartFieldProps<Value>) => ReactNode;
}

/** One part of the configuration, saved by itself, with what is wrong at its fields. */
export function PartForm<Value>({ title, about, saved, save, children }: PartFormProps<Value>) {
  const [edited, setEdited] = useState<{ value: Value }>();
  const command = useCommand(save);
  const isAdmin = useIsAdmin();
  const value = edited ? edited.value : saved;
  const problems = problemsOf(command.error);
  const isChanged = edited !== undefined && JSON.stringify(edited.value) !== JSON.stringify(saved);
  const undo = () => {
    setEdited(undefined);
    command.reset();
  };
  return (
    <Panel title={title}>
      <Stack
        gap="sm"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          command.mutate(value, {
            onSuccess: (reply) => {
              showCoverage(t.saved(title), coverageOf(reply));
              setEdited(undefined);
            },
          });
        }}
      >
        <Text size="sm" c="dimmed">
          {about}
        </Text>
        {children({ value, onChange: (value) => setEdited({ value }), problems, disabled: !isAdmin })}
        {problems.others.length > 0 && <ErrorNote title={t.notSaved} error={command.error} />}
        {isAdmin && (
          <Group justify="flex-end" gap="xs">
            {isChanged && (
              <Button size="xs" variant="default" onClick={undo}>
                {t.undo}
              </Button>
            )}
            <Button
              size="xs"
              type="submit"
              aria-label={t.saveThis(title)}
              loading={command.isPending}
              disabled={!isChanged}
            >
              {t.save}
            </Button>
          </Group>
        )}
      </Stack>
    </Panel>
  );
}
