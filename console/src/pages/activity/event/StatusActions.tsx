import { Button, Menu } from "@mantine/core";
import { ChevronDown, Eye, EyeOff, RotateCcw } from "lucide-react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventStatus, ThreatEvent } from "../../../api/types";
import { showDone, showProblem } from "../../../shared/notices";
import { useMayAct } from "../../../shared/rights";

const ACTIONS: { status: EventStatus; label: string; done: string; icon: typeof Eye }[] = [
  { status: "UNDER_REVIEW", label: "Mark for review", done: "Moved to Under review", icon: Eye },
  {
    status: "IGNORED",
    label: "Ignore this actor, endpoint and policy",
    done: "Ignored: this combination raises no more events",
    icon: EyeOff,
  },
  { status: "ACTIVE", label: "Back to Active", done: "Moved back to Active", icon: RotateCcw },
];

/** What can be done with an event besides blocking its actor. */
export function StatusActions({ event }: { event: ThreatEvent }) {
  const change = useCommand((status: EventStatus) => setEventStatus({ eventIds: [event.id] }, status));
  const mayAct = useMayAct();
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button
          size="xs"
          variant="default"
          rightSection={<ChevronDown size={14} aria-hidden />}
          loading={change.isPending}
          disabled={!mayAct}
          title={mayAct ? undefined : "This API key may only look"}
        >
          Event actions
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {ACTIONS.filter(({ status }) => status !== event.status).map(
          ({ status, label, done, icon: Icon }) => (
            <Menu.Item
              key={status}
              leftSection={<Icon size={15} aria-hidden />}
              onClick={() =>
                change.mutate(status, {
                  onSuccess: () => showDone(done),
                  onError: (error) => showProblem("The event stays where it was", error),
                })
              }
            >
              {label}
            </Menu.Item>
          ),
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
