import { Group, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { addSuppression, type Combination } from "../../api/suppressions";
import { CommandForm } from "../../shared/CommandForm";
import { showDone } from "../../shared/notices";
import { problemsOf } from "../../shared/problems";
import { TtlSelect } from "../../shared/TtlSelect";
import { suppressions as t } from "../../texts/suppressions";
import { EXTENSIONS } from "./columns";

const FIELDS: { name: keyof Combination; label: string; placeholder: string }[] = [
  { name: "filterId", label: t.policy, placeholder: t.sqlinjection },
  { name: "actor", label: t.actor, placeholder: "203.0.113.9" },
  { name: "host", label: t.host, placeholder: t.shopExample },
  { name: "method", label: t.method, placeholder: t.post },
  { name: "url", label: t.url, placeholder: t.search },
];

/** A combination that nobody has to have met yet. */
export function AddSuppression({ onDone }: { onDone: () => void }) {
  const [combination, setCombination] = useState<Combination>({});
  const [reason, setReason] = useState("");
  const [ttlSeconds, setTtl] = useState<number | null>(2_592_000);
  const add = useCommand(addSuppression);
  const problems = problemsOf(add.error);
  const named = Object.fromEntries(
    Object.entries(combination)
      .map(([name, value]) => [name, value.trim()])
      .filter(([, value]) => value !== ""),
  );
  const done = () => {
    showDone(t.ignoredFromNowOn);
    onDone();
  };
  return (
    <CommandForm
      submit={t.ignore}
      failed={t.notIgnored}
      error={add.error}
      pending={add.isPending}
      disabled={Object.keys(named).filter((name) => name !== "method").length === 0}
      onSubmit={() => add.mutate({ ...named, ttlSeconds, reason: reason.trim() }, { onSuccess: done })}
    >
      <Group gap="sm" grow preventGrowOverflow={false} wrap="wrap">
        {FIELDS.map(({ name, label, placeholder }, index) => (
          <TextInput
            key={name}
            label={label}
            placeholder={t.anyOr(placeholder)}
            data-autofocus={index === 0 || undefined}
            value={combination[name] ?? ""}
            error={problems.at.get(name)}
            onChange={(event) => setCombination({ ...combination, [name]: event.currentTarget.value })}
          />
        ))}
      </Group>
      <TtlSelect choices={EXTENSIONS} without={t.untilSomebodyLiftsIt} value={ttlSeconds} onChange={setTtl} />
      <TextInput
        label={t.reason}
        placeholder={t.ourOwnScanner}
        maxLength={500}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </CommandForm>
  );
}
