import { Button, Modal } from "@mantine/core";
import { Eye, EyeOff, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventFilter, EventStatus } from "../../../api/types";
import { showDone, showProblem } from "../../../shared/notices";
import { useIsAdmin, useMayAct } from "../../../shared/rights";
import { ChosenBar, isTooMany } from "../../../shared/rows/ChosenBar";
import { selectorOf, sizeOf } from "../../../shared/rows/selection";
import type { Chosen } from "../../../shared/rows/useChosen";
import { activity as t } from "../../../texts/activity";
import { CreateTicket } from "../../../ticket/CreateTicket";
import type { Tab } from "../search";
import { DeleteForm } from "./DeleteForm";
import { ExportMenu } from "./ExportMenu";
import { IgnoreForm } from "./IgnoreForm";

const BACK = { status: "ACTIVE", label: t.backToActive, icon: RotateCcw } as const;
const REVIEW = { status: "UNDER_REVIEW", label: t.markForReview, icon: Eye } as const;
const MOVES: Record<Tab, (typeof BACK | typeof REVIEW)[]> = {
  active: [REVIEW],
  review: [BACK],
  ignored: [BACK],
};

interface BulkBarProps {
  chosen: Chosen<EventFilter>;
  tab: Tab;
  /** How many events the list has. */
  total: number;
}

/** What can be done with the chosen events. */
export function BulkBar({ chosen, tab, total }: BulkBarProps) {
  const [asking, setAsking] = useState<"ignore" | "delete">();
  const move = useCommand(setEventStatus);
  const mayAct = useMayAct();
  const isAdmin = useIsAdmin();
  const { selection, clear } = chosen;
  const size = sizeOf(selection);
  const selector = selectorOf(selection, (eventIds): EventFilter => ({ eventIds }));
  const tooMany = isTooMany(chosen);
  const off = !mayAct || tooMany;
  const close = () => setAsking(undefined);
  const done = () => {
    close();
    clear();
  };
  const setStatus = (status: EventStatus) =>
    move.mutate(
      { selector, status },
      {
        onSuccess: ({ updatedCount }) => {
          showDone(t.eventMoved(updatedCount));
          clear();
        },
        onError: (error) => showProblem(t.theEventsStayWhere, error),
      },
    );

  return (
    <ChosenBar label={t.chosenEvents} chosen={chosen} total={total}>
      {MOVES[tab].map(({ status, label, icon: Icon }) => (
        <Button
          key={status}
          size="xs"
          variant="default"
          leftSection={<Icon size={14} aria-hidden />}
          disabled={off}
          loading={move.isPending}
          onClick={() => setStatus(status)}
        >
          {label}
        </Button>
      ))}
      {tab !== "ignored" && (
        <Button
          size="xs"
          variant="default"
          leftSection={<EyeOff size={14} aria-hidden />}
          disabled={off}
          onClick={() => setAsking("ignore")}
        >
          {t.ignoreAsk}
        </Button>
      )}
      {isAdmin && (
        <Button
          size="xs"
          variant="default"
          c="red"
          leftSection={<Trash2 size={14} aria-hidden />}
          disabled={off}
          onClick={() => setAsking("delete")}
        >
          {t.deleteAsk}
        </Button>
      )}
      <CreateTicket of={{ events: selector }} isOff={off} onDone={clear} />
      <ExportMenu selector={() => selector} what={t.chosenEvent(size)} disabled={tooMany} />
      <Modal
        opened={asking !== undefined}
        onClose={close}
        title={asking === "delete" ? t.deleteEvent(size) : t.ignoreEvent(size)}
        closeButtonProps={{ "aria-label": t.close }}
      >
        {asking === "delete" ? (
          <DeleteForm selector={selector} size={size} onDone={done} onCancel={close} />
        ) : (
          <IgnoreForm selector={selector} size={size} onDone={done} onCancel={close} />
        )}
      </Modal>
    </ChosenBar>
  );
}
