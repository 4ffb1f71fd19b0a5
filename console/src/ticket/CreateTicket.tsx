import { Button, Menu, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Link2, TicketPlus } from "lucide-react";
import { useCommand } from "../api/commands";
import { createTickets, integrationsQuery, type One, type Subject } from "../api/tickets";
import { showDone, showProblem } from "../shared/notices";
import { useMayAct } from "../shared/rights";
import { shared } from "../texts/shared";
import { tickets as t } from "../texts/tickets";
import { LinkTicket } from "./LinkTicket";

interface CreateTicketProps {
  of: Subject;
  /** The one that an existing ticket can be linked to. */
  one?: One;
  label?: string;
  again?: boolean;
  isOff?: boolean;
  onDone?: () => void;
}

/** Offers the trackers there are; nothing where there is none. */
export function CreateTicket({ of, one, label = t.create, again, isOff = false, onDone }: CreateTicketProps) {
  const { data: all = [] } = useQuery(integrationsQuery);
  const mayAct = useMayAct();
  const [linking, { open, close }] = useDisclosure();
  const create = useCommand(createTickets);
  const integrations = all.filter(({ enabled }) => enabled);
  if (!mayAct || integrations.length === 0) return null;
  const make = (integration: string) =>
    create.mutate(
      { of, integration, ...(again ? { again } : {}) },
      {
        onSuccess: (made) => {
          const problem = made.tickets.find(({ problem }) => problem)?.problem;
          if (made.failed > 0) showProblem(t.made(made), new Error(problem ?? ""));
          else showDone(t.made(made));
          onDone?.();
        },
        onError: (error) => showProblem(t.notMade, error),
      },
    );
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            leftSection={<TicketPlus size={14} aria-hidden />}
            rightSection={<ChevronDown size={14} aria-hidden />}
            loading={create.isPending}
            disabled={isOff}
          >
            {label}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {integrations.map(({ name }) => (
            <Menu.Item key={name} onClick={() => make(name)}>
              {t.createIn(name)}
            </Menu.Item>
          ))}
          {one && (
            <Menu.Item leftSection={<Link2 size={15} aria-hidden />} onClick={open}>
              {t.linkAsk}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {one && (
        <Modal
          opened={linking}
          onClose={close}
          title={t.linkTitle}
          closeButtonProps={{ "aria-label": shared.close }}
        >
          <LinkTicket one={one} integrations={integrations.map(({ name }) => name)} onDone={close} />
        </Modal>
      )}
    </>
  );
}
