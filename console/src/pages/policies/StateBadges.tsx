import { Badge } from "@mantine/core";
import type { Policy } from "../../api/types";
import { policies as t } from "../../texts/policies";

const ORIGINS = { "built-in": t.asItCame, saved: t.yourOwn, overriding: t.changed } as const;

/** Whether it is in force, what it does, and where it is from. */
export function StateBadges({ policy: { inForce, mode, origin } }: { policy: Policy }) {
  return (
    <>
      {!inForce && <Badge color="red">{t.outOfForce}</Badge>}
      {inForce && (
        <Badge color={mode === "block" ? "red" : "gray"} variant={mode === "block" ? "filled" : "light"}>
          {mode === "block" ? t.block : t.monitor}
        </Badge>
      )}
      <Badge color={origin === "built-in" ? "gray" : "gate"}>{ORIGINS[origin]}</Badge>
    </>
  );
}
