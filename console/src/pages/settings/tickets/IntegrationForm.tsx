import { Fieldset, PasswordInput, Select, Text, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { useCommand } from "../../../api/commands";
import { addIntegration, changeIntegration, TRACKERS } from "../../../api/tickets";
import type { TicketIntegration, TrackerKind } from "../../../api/types";
import { CommandForm } from "../../../shared/CommandForm";
import { showDone } from "../../../shared/notices";
import { problemsOf } from "../../../shared/problems";
import { tickets as t } from "../../../texts/tickets";

interface IntegrationFormProps {
  /** Absent where one is added. */
  known?: TicketIntegration;
  onDone: () => void;
}

type Field = "name" | "url" | "project" | "issueType" | "user" | "token" | "summary" | "description";

/** Where tickets are made. The token goes in, and never comes back out. */
export function IntegrationForm({ known, onDone }: IntegrationFormProps) {
  const [kind, setKind] = useState<TrackerKind>(known?.kind ?? "jiraCloud");
  const [values, setValues] = useState<Record<Field, string>>({
    ...{ name: known?.name ?? "", url: known?.url ?? "", project: known?.project ?? "" },
    ...{ issueType: known?.issueType ?? "Task", user: "", token: "" },
    ...{ summary: known?.summary ?? "", description: known?.description ?? "" },
  });
  const add = useCommand(addIntegration);
  const change = useCommand(changeIntegration);
  const { error, isPending } = known ? change : add;
  const problems = problemsOf(error);
  const field = (name: Field) => ({
    value: values[name],
    error: problems.at.get(name),
    onChange: (event: { currentTarget: { value: string } }) =>
      setValues({ ...values, [name]: event.currentTarget.value }),
  });
  const needed: Field[] = ["name", "url", "project", "issueType", ...(known ? [] : (["token"] as const))];

  function submit() {
    const { name, url, project, issueType, user, token, summary, description } = values;
    const terms = {
      ...{ name: name.trim(), url: url.trim(), project: project.trim(), issueType: issueType.trim() },
      ...{ summary, description, consoleUrl: known?.consoleUrl || location.origin },
      ...(user.trim() ? { user: user.trim() } : {}),
    };
    if (known) {
      change.mutate(
        { ...terms, ...(token ? { token } : {}) },
        { onSuccess: () => told(t.saved(terms.name)) },
      );
    } else add.mutate({ ...terms, kind, token }, { onSuccess: () => told(t.added(terms.name)) });
  }
  const told = (what: string) => {
    showDone(what);
    onDone();
  };

  return (
    <CommandForm
      submit={known ? t.save : t.addDo}
      failed={known ? t.notSaved : t.notAdded}
      error={error}
      pending={isPending}
      disabled={needed.some((name) => values[name].trim() === "")}
      onSubmit={submit}
    >
      {!known && (
        <>
          <TextInput label={t.name} required data-autofocus maxLength={64} {...field("name")} />
          <Select
            label={t.kind}
            allowDeselect={false}
            data={TRACKERS.map((value) => ({ value, label: t.kinds[value] }))}
            value={kind}
            onChange={(kind) => kind && setKind(kind as TrackerKind)}
          />
        </>
      )}
      <TextInput label={t.address} placeholder={t.addresses[kind]} required {...field("url")} />
      <TextInput label={t.project} description={t.projectHow[kind]} required {...field("project")} />
      <TextInput label={t.issueType} required {...field("issueType")} />
      {kind !== "azureBoards" && (
        <TextInput
          label={t.user}
          description={t.userHow[kind]}
          required={!known && kind === "jiraCloud"}
          autoComplete="off"
          {...field("user")}
        />
      )}
      <PasswordInput
        label={t.token}
        description={known ? t.newTokenHow : t.tokenHow}
        required={!known}
        autoComplete="off"
        {...field("token")}
      />
      <Templates>
        <TextInput label={t.summary} {...field("summary")} />
        <Textarea label={t.description} rows={4} mt="xs" {...field("description")} />
      </Templates>
    </CommandForm>
  );
}

function Templates({ children }: { children: ReactNode }) {
  return (
    <Fieldset legend={t.templates}>
      <Text size="xs" c="dimmed" mb="xs">
        {t.templatesHow}
      </Text>
      {children}
    </Fieldset>
  );
}
