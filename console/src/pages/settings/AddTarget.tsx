import { MultiSelect, PasswordInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { addTarget, KINDS } from "../../api/settings";
import type { NotifyKind } from "../../api/types";
import { CommandForm } from "../../shared/CommandForm";
import { showDone } from "../../shared/notices";
import { SEVERITIES } from "../../shared/Severity";
import { ShownOnce } from "../../shared/ShownOnce";

const FORMS: Record<NotifyKind, { label: string; url: string; secret?: string }> = {
  webhook: { label: "Webhook", url: "https://…", secret: "Signs; one is made where this is empty" },
  slack: { label: "Slack, Mattermost, Rocket.Chat", url: "https://hooks.slack.com/…" },
  syslog: { label: "Syslog, CEF", url: "tls://HOST:6514" },
  splunk: { label: "Splunk HEC", url: "https://HOST:8088", secret: "The collector's token" },
  otlp: { label: "OpenTelemetry", url: "https://HOST:4318", secret: "A bearer token, or nothing" },
};

/** Asks where to; a secret that was made for it is shown once. */
export function AddTarget({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState("");
  const [kind, setKind] = useState<NotifyKind>("webhook");
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState("");
  const [severity, setSeverity] = useState<string[]>([]);
  const add = useCommand(addTarget);
  const form = FORMS[kind];
  if (add.data?.secret) return <ShownOnce title={`The secret of ${name.trim()}`} secret={add.data.secret} />;
  const given = form.secret && secret !== "" ? { secret } : {};
  const done = ({ secret }: { secret?: string | null }) => {
    if (secret) return;
    showDone(`${name.trim()} is told of new events`);
    onDone();
  };
  return (
    <CommandForm
      submit="Add"
      failed="Not added"
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === "" || url.trim() === ""}
      onSubmit={() =>
        add.mutate({ name: name.trim(), kind, url: url.trim(), severity, ...given }, { onSuccess: done })
      }
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label="NotifyKind"
        allowDeselect={false}
        data={KINDS.map((kind) => ({ value: kind, label: FORMS[kind].label }))}
        value={kind}
        onChange={(kind) => kind && setKind(kind as NotifyKind)}
      />
      <TextInput
        label="Address"
        placeholder={form.url}
        required
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      {form.secret && (
        <PasswordInput
          label="Secret"
          description={form.secret}
          autoComplete="off"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
        />
      )}
      <MultiSelect
        label="Only these severities"
        placeholder={severity.length === 0 ? "All" : ""}
        clearable
        data={[...SEVERITIES]}
        value={severity}
        onChange={setSeverity}
      />
    </CommandForm>
  );
}
