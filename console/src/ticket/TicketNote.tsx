import { Group, Text } from "@mantine/core";
import { Ticket as TicketIcon } from "lucide-react";
import { useCommand } from "../api/commands";
import { type One, type Subject, unlinkTicket } from "../api/tickets";
import type { Ticket } from "../api/types";
import { ConfirmButton } from "../shared/ConfirmButton";
import { ExternalLink } from "../shared/ExternalLink";
import { showDone, showProblem } from "../shared/notices";
import { useMayAct } from "../shared/rights";
import { reveal } from "../shared/text";
import { tickets as t } from "../texts/tickets";
import { CreateTicket } from "./CreateTicket";

interface TicketNoteProps {
  ticket: Ticket | null;
  of: Subject;
  one: One;
}

/** The ticket of an event or an issue, and how it stands at its tracker; or the way to one. */
export function TicketNote({ ticket, of, one }: TicketNoteProps) {
  const mayAct = useMayAct();
  const unlink = useCommand(unlinkTicket);
  if (!ticket) return <CreateTicket of={of} one={one} />;
  const text = reveal(t.shown(ticket, t.state[ticket.state]));
  return (
    <Group gap="xs">
      <TicketIcon size={15} aria-hidden />
      <Text size="sm" title={reveal(ticket.integration)}>
        <ExternalLink href={ticket.url}>{text}</ExternalLink>
      </Text>
      {ticket.problem !== "" && (
        <Text size="xs" c="red" style={{ overflowWrap: "anywhere" }}>
          {reveal(ticket.problem)}
        </Text>
      )}
      {ticket.state === "FAILED" && <CreateTicket of={of} one={one} label={t.again} />}
      {(ticket.state === "DONE" || ticket.state === "GONE") && (
        <CreateTicket of={of} again label={t.another} />
      )}
      {mayAct && (
        <ConfirmButton
          warning={t.unlinkWarning}
          onConfirm={() =>
            unlink.mutate(one, {
              onSuccess: () => showDone(t.unlinked),
              onError: (error) => showProblem(t.notUnlinked, error),
            })
          }
        >
          {t.unlink}
        </ConfirmButton>
      )}
    </Group>
  );
}
