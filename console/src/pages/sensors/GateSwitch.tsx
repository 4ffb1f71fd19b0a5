import { SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useCommand } from "../../api/commands";
import { gateModeQuery, setGateMode } from "../../api/sensors";
import type { GateMode } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { sensors as t } from "../../texts/sensors";

const NAMES: Record<GateMode, string> = { enforce: t.gatesDrop, monitor: t.gatesOnlyCount };

/** Whether blocks are carried out, on the whole fleet. */
export function GateSwitch() {
  const { data: mode } = useQuery(gateModeQuery);
  const isAdmin = useIsAdmin();
  const change = useCommand(setGateMode);
  if (mode === undefined || !isAdmin) return null;
  return (
    <SegmentedControl
      size="xs"
      aria-label={t.whatTheGatesDo}
      data={(["enforce", "monitor"] as const).map((value) => ({ value, label: NAMES[value] }))}
      value={mode ?? "enforce"}
      disabled={change.isPending}
      onChange={(mode) =>
        change.mutate(mode as GateMode, {
          onSuccess: (reply) => showCoverage(NAMES[mode as GateMode], coverageOf(reply)),
          onError: (error) => showProblem(t.theGatesDoWhat, error),
        })
      }
    />
  );
}
