import { Text } from "@mantine/core";
import { deleteEvents, useCommand } from "../../../api/commands";
import type { EventFilter } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { showDone } from "../../../shared/notices";
import { activity as t } from "../../../texts/activity";

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
      submit={t.deleteEvent(size)}
      failed={t.notDeleted}
      error={remove.error}
      pending={remove.isPending}
      isDangerous
      onCancel={onCancel}
      onSubmit={() =>
        remove.mutate(selector, {
          onSuccess: ({ deletedCount }) => {
            showDone(t.eventDeleted(deletedCount));
            onDone();
          },
        })
      }
    >
      <Text size="sm">{t.eventAndTheRequests(size, size === 1 ? "it" : "them")}</Text>
    </CommandForm>
  );
}
