import { Button, type ButtonProps } from "@mantine/core";
import { LockOpen } from "lucide-react";
import { removeBlock, useCommand } from "../api/commands";
import { showProblem } from "../shared/notices";
import { useMayAct } from "../shared/rights";
import { block as t } from "../texts/block";
import { coverageOf } from "./coverage";
import { showCoverage } from "./notice";

export function Unblock({ cidr, size = "xs" }: { cidr: string; size?: ButtonProps["size"] }) {
  const unblock = useCommand(removeBlock);
  const mayAct = useMayAct();
  return (
    <Button
      size={size}
      variant="default"
      leftSection={<LockOpen size={14} aria-hidden />}
      disabled={!mayAct}
      loading={unblock.isPending}
      onClick={() =>
        unblock.mutate(cidr, {
          onSuccess: (reply) => showCoverage(t.unblocked(cidr), coverageOf(reply)),
          onError: (error) => showProblem(t.isStillBlocked(cidr), error),
        })
      }
    >
      {t.unblock}
    </Button>
  );
}
