import { Checkbox, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventFilter } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { showDone } from "../../../shared/notices";
import { TtlSelect } from "../../../shared/TtlSelect";
import { activity as t } from "../../../texts/activity";
import { given, isEverything, SCOPES, type Scope, scopeText, toggledScope } from "./scope";

export const IGNORE_TTLS = [86_400, 604_800, 2_592_000, 7_776_000] as const;

interface IgnoreFormProps {
  selector: EventFilter;
  size: number;
  onDone: () => void;
  onCancel: () => void;
}

/** Asks how far, for how long and why, and says what that means before it is done. */
export function IgnoreForm({ selector, size, onDone, onCancel }: IgnoreFormProps) {
  const [reason, setReason] = useState("");
  const [ttl, setTtl] = useState<number | null>(null);
  const [wider, setWider] = useState<Scope[]>([]);
  const ignore = useCommand(setEventStatus);
  const done = ({ updatedCount }: { updatedCount: number }) => {
    showDone(t.eventIgnored(updatedCount), t.theseCombinationsRaiseNo);
    onDone();
  };
  return (
    <CommandForm
      submit={size === 1 ? t.ignore : t.ignoreEvent(size)}
      failed={t.notIgnored}
      error={ignore.error}
      pending={ignore.isPending}
      onCancel={onCancel}
      onSubmit={() =>
        ignore.mutate(
          {
            ...{ selector, status: "IGNORED", reason: reason.trim(), ...given(wider) },
            ...(ttl === null ? {} : { ttlSeconds: ttl }),
          },
          { onSuccess: done },
        )
      }
    >
      <Text size="sm" aria-live="polite">
        {t.raisesNoEventAny(
          scopeText(wider, size),
          ttl === null ? "until somebody lifts it." : "until that time is over or somebody lifts it.",
        )}
      </Text>
      <Stack gap={6} role="group" aria-label={t.howFarItReaches}>
        {SCOPES.map(({ scope, label }) => (
          <Checkbox
            key={scope}
            size="xs"
            label={label}
            checked={wider.includes(scope)}
            disabled={!wider.includes(scope) && isEverything([...wider, scope])}
            onChange={() => setWider(toggledScope(wider, scope))}
          />
        ))}
      </Stack>
      <TtlSelect choices={IGNORE_TTLS} without={t.untilSomebodyLiftsIt} value={ttl} onChange={setTtl} />
      <TextInput
        label={t.reason}
        description={t.forWhoeverFindsIt}
        placeholder={t.ourOwnScanner}
        maxLength={500}
        data-autofocus
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </CommandForm>
  );
}
