import { MultiSelect, PasswordInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { addTarget, KINDS } from "../../api/settings";
import type { NotifyKind } from "../../api/types";
import { CommandForm } from "../../shared/CommandForm";
import { showDone } from "../../shared/notices";
import { SEVERITIES } from "../../shared/Severity";
import { ShownOnce } from "../../shared/ShownOnce";
import { settings as t } from "../../texts/settings";

const FORMS: Record<NotifyKind, { label: string; url: string; secret?: string }> = {
  webhook: { label: t.webhook, url: "https://…", secret: t.signsOneIsMade },
  slack: { label: t.slackMattermostRocketChat, url: "https://hooks.slack.com/…" },
  syslog: { label: t.syslogCef, url: "tls://HOST:6514" },
  splunk: { label: t.splunkHec, url: "https://HOST:8088", secret: t.theCollectorsToken },
  otlp: { label: t.opentelemetry, url: "https://HOST:4318", secret: t.aBearerTokenOr },
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
  if (add.data?.secret) return <ShownOnce title={t.theSecretOf(name.trim())} secret={add.data.secret} />;
  const given = form.secret && secret !== "" ? { secret } : {};
  const done = ({ secret }: { secret?: string | null }) => {
    if (secret) return;
    showDone(t.isToldOfNew(name.trim()));
    onDone();
  };
  return (
    <CommandForm
      submit={t.add}
      failed={t.notAdded}
      error={add.error}
      pending={add.isPending}
      disabled={name.trim() === "" || url.trim() === ""}
      onSubmit={() =>
        add.mutate({ name: name.trim(), kind, url: url.trim(), severity, ...given }, { onSuccess: done })
      }
    >
      <TextInput
        label={t.name}
        required
        data-autofocus
        maxLength={64}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Select
        label={t.kind}
        allowDeselect={false}
        data={KINDS.map((kind) => ({ value: kind, label: FORMS[kind].label }))}
        value={kind}
        onChange={(kind) => kind && setKind(kind as NotifyKind)}
      />
      <TextInput
        label={t.address}
        placeholder={form.url}
        required
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      {form.secret && (
        <PasswordInput
          label={t.secret}
          description={form.secret}
          autoComplete="off"
          value={secret}
          onChange={(event) => setSecret(event.currentTarget.value)}
        />
      )}
      <MultiSelect
        label={t.onlyTheseSeverities}
        placeholder={severity.length === 0 ? t.all : ""}
        clearable
        data={[...SEVERITIES]}
        value={severity}
        onChange={setSeverity}
      />
    </CommandForm>
  );
}
