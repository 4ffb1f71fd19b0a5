import { Alert } from "@mantine/core";
import { HardDrive } from "lucide-react";
import type { StoreState } from "../../api/types";
import { bytes } from "../../shared/format";
import { reveal } from "../../shared/text";
import { sensors as t } from "../../texts/sensors";

const LOOKS = {
  low: { color: "yellow", title: t.roomGetsLittle },
  full: { color: "red", title: t.theControlPlaneTakes },
  failing: { color: "red", title: t.theControlPlaneTakes },
} as const;

/** Whether events find room, and whether old ones make it. */
export function StoreNote({ store }: { store: StoreState }) {
  const { state, note, freeBytes, retention } = store;
  const icon = <HardDrive size={18} />;
  return (
    <>
      {state !== "ok" && (
        <Alert role="status" color={LOOKS[state].color} icon={icon} title={LOOKS[state].title}>
          {reveal(note || state)} {freeBytes !== null && t.isFree(bytes(freeBytes))}{" "}
          {state !== "low" && t.theSensorsKeepWhat}
        </Alert>
      )}
      {retention.note !== "" && (
        <Alert role="status" color="yellow" icon={icon} title={t.oldEventsAreStill}>
          {reveal(retention.note)}
        </Alert>
      )}
    </>
  );
}
