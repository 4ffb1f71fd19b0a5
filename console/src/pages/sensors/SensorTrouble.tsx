import { Alert, Button, Group, List } from "@mantine/core";
import { useCommand } from "../../api/commands";
import { armAutomaticBlocking } from "../../api/sensors";
import type { Sensor } from "../../api/types";
import { coverageOf } from "../../block/coverage";
import { showCoverage } from "../../block/notice";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { Hostile } from "../../shared/text";
import { sensors as t } from "../../texts/sensors";

/** What a sensor could not do, and what was not taken from it. */
export function SensorTrouble({ sensor }: { sensor: Sensor }) {
  const { refused, automaticBlocking, ingest, node } = sensor;
  const hasTripped = automaticBlocking?.mode === "tripped";
  const rejection = ingest.rejected > 0 ? ingest.lastRejection : null;
  if (refused.length === 0 && !hasTripped && !rejection) return null;
  return (
    <Alert role="status" color="yellow" mt="sm" py="xs">
      <List size="sm">
        {refused.map(({ what, reason }) => (
          <List.Item key={what}>
            {t.itCouldNotTake} <Hostile>{what}</Hostile>: <Hostile>{reason}</Hostile>
          </List.Item>
        ))}
        {rejection && (
          <List.Item>
            {t.someOfItsEvents} <Hostile>{rejection}</Hostile>
          </List.Item>
        )}
        {hasTripped && (
          <List.Item>
            {t.policiesBlockNobodyHere} <Hostile>{automaticBlocking.reason}</Hostile>
          </List.Item>
        )}
      </List>
      {hasTripped && <Arm node={node} />}
    </Alert>
  );
}

function Arm({ node }: { node: string }) {
  const isAdmin = useIsAdmin();
  const arm = useCommand(armAutomaticBlocking);
  if (!isAdmin) return null;
  return (
    <Group justify="flex-end">
      <Button
        size="xs"
        variant="default"
        loading={arm.isPending}
        onClick={() =>
          arm.mutate(node, {
            onSuccess: (reply) => showCoverage(t.policiesMayBlockAgain(node), coverageOf(reply)),
            onError: (error) => showProblem(t.policiesBlockNobodyYet, error),
          })
        }
      >
        {t.letPoliciesBlockAgain}
      </Button>
    </Group>
  );
}
