import { Group, SegmentedControl } from "@mantine/core";
import { useCommand } from "../../api/commands";
import { deletePolicy, restorePolicy, setPolicyMode } from "../../api/policies";
import type { Policy, PolicyMode } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { showSaved } from "./PolicyText";

const MODES = [
  { value: "detect", label: "Monitor" },
  { value: "block", label: "Block" },
] as const;

/** Whether it blocks, whether it is in force at all, and as it came. */
export function PolicyActions({ policy }: { policy: Policy }) {
  const isAdmin = useIsAdmin();
  const change = useCommand(setPolicyMode);
  const remove = useCommand(deletePolicy);
  const restore = useCommand(restorePolicy);
  const { id, origin, inForce } = policy;
  if (!isAdmin) return null;
  return (
    <Group gap="xs">
      {inForce && (
        <SegmentedControl
          size="xs"
          aria-label="What it does"
          title="Monitor tells of attacks; Block also blocks who makes them, at once"
          data={[...MODES]}
          value={policy.mode}
          disabled={change.isPending}
          onChange={(mode) =>
            change.mutate(
              { id, mode: mode as PolicyMode },
              { onSuccess: showSaved, onError: (error) => showProblem(`${id} does what it did`, error) },
            )
          }
        />
      )}
      {(origin === "overriding" || !inForce) && (
        <ConfirmButton
          size="xs"
          warning={`${id} is in force as it came with the sensors. What was written here stays among the versions.`}
          onConfirm={() =>
            restore.mutate(id, {
              onSuccess: (reply) => showCoverage(`${id} is as it came`, coverageOf(reply)),
              onError: (error) => showProblem(`${id} stays as it is`, error),
            })
          }
        >
          Restore
        </ConfirmButton>
      )}
      {inForce && (
        <ConfirmButton
          size="xs"
          warning={
            origin === "saved"
              ? `${id} is gone from every sensor. Its versions stay.`
              : `No sensor judges by ${id} any more, until it is restored.`
          }
          onConfirm={() =>
            remove.mutate(id, {
              onSuccess: (reply) => showCoverage(`${id} is out of force`, coverageOf(reply)),
              onError: (error) => showProblem(`${id} is still in force`, error),
            })
          }
        >
          Delete
        </ConfirmButton>
      )}
    </Group>
  );
}
