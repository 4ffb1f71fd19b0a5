import { Button, Group, Stack, Text } from "@mantine/core";
import { deleteEvents, useCommand } from "../../../api/commands";
import type { EventFilter } from "../../../api/types";
import { ErrorNote } from "../../../shared/ErrorNote";
import { plural } from "../../../shared/format";
import { showDone } from "../../../shared/notices";

interface DeleteFormProps {
  selector: EventFilter;
  size: number;
  onDone: () => void;
  onCancel: () => void;
}

export function DeleteForm({ selector, size, onDone, onCancel }: DeleteFormProps) {
  const remove = useCommand(deleteEvents);
  return (
    <Stack gap="sm">
      <Text size="sm">
        {plural(size, "event")} and the requests and responses kept with {size === 1 ? "it" : "them"} go for
        good. What was ignored stays ignored, and blocks stay in force.
      </Text>
      {remove.isError && <ErrorNote title="Not deleted" error={remove.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" data-autofocus onClick={onCancel}>
          Cancel
        </Button>
        <Button
          color="red"
          loading={remove.isPending}
          onClick={() =>
            remove.mutate(selector, {
              onSuccess: ({ deletedCount }) => {
                showDone(`${plural(deletedCount, "event")} deleted`);
                onDone();
              },
            })
          }
        >
          Delete {plural(size, "event")}
        </Button>
      </Group>
    </Stack>
  );
}
