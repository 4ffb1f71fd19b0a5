import { Badge } from "@mantine/core";
import type { Policy } from "../../api/types";

const ORIGINS = { "built-in": "As it came", saved: "Your own", overriding: "Changed" } as const;

/** Whether it is in force, what it does, and where it is from. */
export function StateBadges({ policy: { inForce, mode, origin } }: { policy: Policy }) {
  return (
    <>
      {!inForce && <Badge color="red">Out of force</Badge>}
      {inForce && (
        <Badge color={mode === "block" ? "red" : "gray"} variant={mode === "block" ? "filled" : "light"}>
          {mode === "block" ? "Block" : "Monitor"}
        </Badge>
      )}
      <Badge color={origin === "built-in" ? "gray" : "gate"}>{ORIGINS[origin]}</Badge>
    </>
  );
}
