import { Button, Menu, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ChevronDown, Eye, EyeOff, RotateCcw } from "lucide-react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventStatus, ThreatEvent } from "../../../api/types";
import { showDone, showProblem } from "../../../shared/notices";
import { useMayAct } from "../../../shared/rights";
import { activity as t } from "../../../texts/activity";
import { IgnoreForm } from "../bulk/IgnoreForm";

const ACTIONS: { status: EventStatus; label: string; done: string; icon: typeof Eye }[] = [
  { status: "UNDER_REVIEW", label: t.markForReview, done: t.movedToUnderReview, icon: Eye },
  { status: "ACTIVE", label: t.backToActive, done: t.movedBackToActive, icon: RotateCcw },
];

/** What can be done with an event besides blocking its actor. */
export function StatusActions({ event }: { event: ThreatEvent }) {
  const [ignoring, { open, close }] = useDisclosure();
  const change = useCommand(setEventStatus);
  const mayAct = useMayAct();
  const selector = { eventIds: [event.id] };
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <Button
            size="xs"
            variant="default"
            rightSection={<ChevronDown size={14} aria-hidden />}
            loading={change.isPending}
            disabled={!mayAct}
            title={mayAct ? undefined : t.youMayOnlyLook}
          >
            {t.eventActions}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {ACTIONS.filter(({ status }) => status !== event.status).map(
            ({ status, label, done, icon: Icon }) => (
              <Menu.Item
                key={status}
                leftSection={<Icon size={15} aria-hidden />}
                onClick={() =>
                  change.mutate(
                    { selector, status },
                    {
                      onSuccess: () => showDone(done),
                      onError: (error) => showProblem(t.theEventStaysWhere, error),
                    },
                  )
                }
              >
                {label}
              </Menu.Item>
            ),
          )}
          {event.status !== "IGNORED" && (
            <Menu.Item leftSection={<EyeOff size={15} aria-hidden />} onClick={open}>
              {t.ignoreAsk}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={ignoring}
        onClose={close}
        title={t.ignoreThisEvent}
        closeButtonProps={{ "aria-label": t.close }}
      >
        <IgnoreForm selector={selector} size={1} onDone={close} onCancel={close} />
      </Modal>
    </>
  );
}
