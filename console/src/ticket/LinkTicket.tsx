import { Select, TextInput } from "@mantine/core";
import { useState } from "react";
import { useCommand } from "../api/commands";
import { linkTicket, type One } from "../api/tickets";
import { CommandForm } from "../shared/CommandForm";
import { showDone } from "../shared/notices";
import { problemsOf } from "../shared/problems";
import { tickets as t } from "../texts/tickets";

interface LinkTicketProps {
  one: One;
  integrations: string[];
  onDone: () => void;
}

/** A ticket that people made themselves. */
export function LinkTicket({ one, integrations, onDone }: LinkTicketProps) {
  const [key, setKey] = useState("");
  const [integration, setIntegration] = useState(integrations[0] ?? "");
  const link = useCommand(linkTicket);
  return (
    <CommandForm
      submit={t.link}
      failed={t.notLinked}
      error={link.error}
      pending={link.isPending}
      disabled={key.trim() === ""}
      onSubmit={() =>
        link.mutate(
          { ...one, key: key.trim(), integration },
          {
            onSuccess: ({ ticket }) => {
              showDone(t.linked(ticket.key));
              onDone();
            },
          },
        )
      }
    >
      {integrations.length > 1 && (
        <Select
          label={t.tracker}
          allowDeselect={false}
          data={integrations}
          value={integration}
          onChange={(integration) => integration && setIntegration(integration)}
        />
      )}
      <TextInput
        label={t.key}
        description={t.keyHow}
        maxLength={100}
        data-autofocus
        value={key}
        error={problemsOf(link.error).at.get("key")}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
    </CommandForm>
  );
}
