import { Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventFilter } from "../../../api/types";
import { ErrorNote } from "../../../shared/ErrorNote";
import { plural } from "../../../shared/format";
import { showDone } from "../../../shared/notices";

interface IgnoreFormProps {
  selector: EventFilter;
  size: number;
  onDone: () => void;
  onCancel: () => void;
}

/** Asks why, and says what ignoring means before it is done. */
export function IgnoreForm({ selector, size, onDone, onCancel }: IgnoreFormProps) {
  const [reason, setReason] = useState("");
  const ignore = useCommand(setEventStatus);
  return (
    <Stack
      component="form"
      gap="sm"
      onSubmit={(event) => {
        event.preventDefault();
        ignore.mutate(
          { selector, status: "IGNORED", reason: reason.trim() },
          {
            onSuccess: ({ updatedCount }) => {
              showDone(
                `${plural(updatedCount, "event")} ignored`,
                "These combinations raise no more events.",
              );
              onDone();
            },
          },
        );
      }}
    >
      <Text size="sm">
        {size === 1
          ? "This actor, endpoint and policy"
          : "Each combination of actor, endpoint and policy among them"}{" "}
        raises no event any more, on any sensor, until somebody moves it back to Active.
      </Text>
      <TextInput
        label="Reason"
        description="For whoever finds it ignored"
        placeholder="Our own scanner"
        maxLength={500}
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      {ignore.isError && <ErrorNote title="Not ignored" error={ignore.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={ignore.isPending}>
          {size === 1 ? "Ignore" : `Ignore ${plural(size, "event")}`}
        </Button>
      </Group>
    </Stack>
  );
}
