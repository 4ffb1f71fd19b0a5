import { Button, CloseButton, Group, Modal, Text } from "@mantine/core";
import { Eye, EyeOff, RotateCcw, Trash2 } from "lucide-react";
import { useState } from "react";
import { setEventStatus, useCommand } from "../../../api/commands";
import type { EventStatus } from "../../../api/types";
import { count, plural } from "../../../shared/format";
import { showDone, showProblem } from "../../../shared/notices";
import { useIsAdmin, useMayAct } from "../../../shared/rights";
import type { Tab } from "../search";
import classes from "./BulkBar.module.css";
import { DeleteForm } from "./DeleteForm";
import { ExportMenu } from "./ExportMenu";
import { IgnoreForm } from "./IgnoreForm";
import { MOST_IDS, selectorOf, sizeOf } from "./selection";
import type { Bulk } from "./useBulk";

const BACK = { status: "ACTIVE", label: "Back to Active", icon: RotateCcw } as const;
const REVIEW = { status: "UNDER_REVIEW", label: "Mark for review", icon: Eye } as const;
const MOVES: Record<Tab, (typeof BACK | typeof REVIEW)[]> = {
  active: [REVIEW],
  review: [BACK],
  ignored: [BACK],
};

interface BulkBarProps {
  bulk: Bulk;
  tab: Tab;
  /** How many events the list has. */
  total: number;
}

/** What can be done with the chosen events; it lies over the list's end and moves nothing. */
export function BulkBar({ bulk, tab, total }: BulkBarProps) {
  const [asking, setAsking] = useState<"ignore" | "delete">();
  const move = useCommand(setEventStatus);
  const mayAct = useMayAct();
  const isAdmin = useIsAdmin();
  const { selection, clear } = bulk;
  const size = sizeOf(selection);
  const selector = selectorOf(selection);
  const tooMany = selection.kind === "some" && size > MOST_IDS;
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
          showDone(`${plural(updatedCount, "event")} moved`);
          clear();
        },
        onError: (error) => showProblem("The events stay where they were", error),
      },
    );

  return (
    <Group className={classes.bar} gap="xs" role="toolbar" aria-label="Chosen events">
      <Text size="sm" fw={600} aria-live="polite">
        {count(size)} chosen
      </Text>
      {tooMany && (
        <Text size="xs" c="red">
          One by one at most {count(MOST_IDS)}
        </Text>
      )}
      {selection.kind === "some" && total > size && (
        <Button size="compact-xs" variant="subtle" onClick={bulk.chooseAll}>
          Choose all {count(total)}
        </Button>
      )}
      <Group gap={6} className={classes.actions}>
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
            Ignore…
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
            Delete…
          </Button>
        )}
        <ExportMenu selector={() => selector} what={plural(size, "chosen event")} disabled={tooMany} />
      </Group>
      <CloseButton size="sm" aria-label="Choose none" onClick={clear} />
      <Modal
        opened={asking !== undefined}
        onClose={close}
        title={asking === "delete" ? `Delete ${plural(size, "event")}` : `Ignore ${plural(size, "event")}`}
        closeButtonProps={{ "aria-label": "Close" }}
      >
        {asking === "delete" ? (
          <DeleteForm selector={selector} size={size} onDone={done} onCancel={close} />
        ) : (
          <IgnoreForm selector={selector} size={size} onDone={done} onCancel={close} />
        )}
      </Modal>
    </Group>
  );
}
