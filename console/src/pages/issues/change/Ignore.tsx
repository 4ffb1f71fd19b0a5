import { Radio, Stack, Textarea } from "@mantine/core";
import { EyeOff } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../../api/commands";
import { ignoreIssues } from "../../../api/issues";
import type { IgnoreReason, IssueFilter } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { DialogButton } from "../../../shared/DialogButton";
import { showDone } from "../../../shared/notices";
import { issues as t } from "../../../texts/issues";

const REASONS = Object.keys(t.reasons) as IgnoreReason[];
const MOST_NOTE = 1_000;

interface IgnoreProps {
  selector: IssueFilter;
  size: number;
  isOff?: boolean;
  onDone?: () => void;
}

export function Ignore({ selector, size, isOff = false, onDone }: IgnoreProps) {
  return (
    <DialogButton
      label={t.ignore}
      title={t.ignoreTitle(size)}
      icon={EyeOff}
      variant="default"
      disabled={isOff}
    >
      {(close) => (
        <IgnoreForm
          selector={selector}
          size={size}
          onCancel={close}
          onDone={() => {
            close();
            onDone?.();
          }}
        />
      )}
    </DialogButton>
  );
}

interface IgnoreFormProps {
  selector: IssueFilter;
  size: number;
  onDone: () => void;
  onCancel: () => void;
}

/** Asks why, because whoever meets it later has to know. */
function IgnoreForm({ selector, size, onDone, onCancel }: IgnoreFormProps) {
  const [reason, setReason] = useState<IgnoreReason>("FALSE_POSITIVE");
  const [note, setNote] = useState("");
  const ignore = useCommand(ignoreIssues);
  return (
    <CommandForm
      submit={t.ignoreDo(size)}
      failed={t.notIgnored}
      error={ignore.error}
      pending={ignore.isPending}
      onCancel={onCancel}
      onSubmit={() =>
        ignore.mutate(
          { selector, reason, note: note.trim() },
          {
            onSuccess: ({ updatedCount }) => {
              showDone(t.ignored(updatedCount));
              onDone();
            },
          },
        )
      }
    >
      <Radio.Group label={t.why} value={reason} onChange={(value) => setReason(value as IgnoreReason)}>
        <Stack gap={8} mt={6}>
          {REASONS.map((one) => (
            <Radio key={one} value={one} label={t.reasons[one]} description={t.reasonMeans[one]} />
          ))}
        </Stack>
      </Radio.Group>
      <Textarea
        label={t.note}
        description={t.noteFor}
        rows={3}
        maxLength={MOST_NOTE}
        data-autofocus
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </CommandForm>
  );
}
