import { Button } from "@mantine/core";
import { RotateCcw } from "lucide-react";
import { useCommand } from "../../../api/commands";
import { reopenIssues } from "../../../api/issues";
import type { IssueFilter } from "../../../api/types";
import { showDone, showProblem } from "../../../shared/notices";
import { ChosenBar, isTooMany } from "../../../shared/rows/ChosenBar";
import { selectorOf, sizeOf } from "../../../shared/rows/selection";
import type { Chosen as ChosenRows } from "../../../shared/rows/useChosen";
import { issues as t } from "../../../texts/issues";
import { CreateTicket } from "../../../ticket/CreateTicket";
import { Ignore } from "./Ignore";

interface ChosenProps {
  chosen: ChosenRows<IssueFilter>;
  isIgnored: boolean;
  total: number;
}

/** What can be done with the chosen issues. */
export function Chosen({ chosen, isIgnored, total }: ChosenProps) {
  const size = sizeOf(chosen.selection);
  const selector = selectorOf(chosen.selection, (issueIds): IssueFilter => ({ issueIds }));
  const isOff = isTooMany(chosen);
  return (
    <ChosenBar label={t.chosen} chosen={chosen} total={total}>
      {isIgnored ? (
        <Reopen selector={selector} isOff={isOff} onDone={chosen.clear} />
      ) : (
        <Ignore selector={selector} size={size} isOff={isOff} onDone={chosen.clear} />
      )}
      <CreateTicket of={{ issues: selector }} isOff={isOff} onDone={chosen.clear} />
    </ChosenBar>
  );
}

interface ReopenProps {
  selector: IssueFilter;
  isOff?: boolean;
  onDone?: () => void;
}

export function Reopen({ selector, isOff = false, onDone }: ReopenProps) {
  const reopen = useCommand(reopenIssues);
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<RotateCcw size={14} aria-hidden />}
      disabled={isOff}
      loading={reopen.isPending}
      onClick={() =>
        reopen.mutate(selector, {
          onSuccess: ({ updatedCount }) => {
            showDone(t.reopened(updatedCount));
            onDone?.();
          },
          onError: (error) => showProblem(t.notReopened, error),
        })
      }
    >
      {t.reopen}
    </Button>
  );
}
