import { Text } from "@mantine/core";
import { deleteEvents, useCommand } from "../../../api/commands";
import type { EventFilter } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
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
    <CommandForm
      submit={`Delete ${plural(size, "event")}`}
      failed="Not deleted"
      error={remove.error}
      pending={remove.isPending}
      isDangerous
      onCancel={onCancel}
      onSubmit={() =>
        remove.mutate(selector, {
          onSuccess: ({ deletedCount }) => {
            showDone(`${plural(deletedCount, "event")} deleted`);
            onDone();
          },
        })
      }
    >
      <Text size="sm">
        {plural(size, "event")} and the requests and responses kept with {size === 1 ? "it" : "them"} go for
        good. What was ignored stays ignored, and blocks stay in force.
      </Text>
    </CommandForm>
  );
}
