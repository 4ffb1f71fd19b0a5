import { Group, SegmentedControl } from "@mantine/core";
import { useCommand } from "../../api/commands";
import { deletePolicy, restorePolicy, setPolicyMode } from "../../api/policies";
import type { Policy, PolicyMode } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { policies as t } from "../../texts/policies";
import { showSaved } from "./PolicyText";

const MODES = [
  { value: "detect", label: t.monitor },
  { value: "block", label: t.block },
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
          aria-label={t.whatItDoes}
          title={t.monitorTellsOfAttacks}
          data={[...MODES]}
          value={policy.mode}
          disabled={change.isPending}
          onChange={(mode) =>
            change.mutate(
              { id, mode: mode as PolicyMode },
              { onSuccess: showSaved, onError: (error) => showProblem(t.doesWhatItDid(id), error) },
            )
          }
        />
      )}
      {(origin === "overriding" || !inForce) && (
        <ConfirmButton
          size="xs"
          warning={t.isInForceAs(id)}
          onConfirm={() =>
            restore.mutate(id, {
              onSuccess: (reply) => showCoverage(t.isAsItCame(id), coverageOf(reply)),
              onError: (error) => showProblem(t.staysAsItIs(id), error),
            })
          }
        >
          {t.restore}
        </ConfirmButton>
      )}
      {inForce && (
        <ConfirmButton
          size="xs"
          warning={origin === "saved" ? t.isGoneFromEvery(id) : t.noSensorJudgesBy(id)}
          onConfirm={() =>
            remove.mutate(id, {
              onSuccess: (reply) => showCoverage(t.isOutOfForce(id), coverageOf(reply)),
              onError: (error) => showProblem(t.isStillInForce(id), error),
            })
          }
        >
          {t.deletePolicy}
        </ConfirmButton>
      )}
    </Group>
  );
}
