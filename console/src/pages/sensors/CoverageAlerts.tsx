import { Badge, Button, Group, Switch, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { acceptAlert, alertsQuery } from "../../api/sensors";
import type { CoverageAlert } from "../../api/types";
import { ErrorNote } from "../../shared/ErrorNote";
import { duration, plural } from "../../shared/format";
import { showProblem } from "../../shared/notices";
import { Panel } from "../../shared/Panel";
import { useIsAdmin } from "../../shared/rights";
import { SeverityBadge } from "../../shared/Severity";
import { DateTime, useNow } from "../../shared/Time";
import { Hostile } from "../../shared/text";

/** What goes unseen or unguarded now, and what did before. */
export function CoverageAlerts() {
  const { data: alerts, error } = useQuery(alertsQuery);
  const [withClosed, setWithClosed] = useState(false);
  if (error && !alerts) return <ErrorNote error={error} title="The coverage alerts could not be loaded" />;
  if (!alerts || alerts.length === 0) return null;
  const open = alerts.filter(({ closedAt }) => closedAt === null);
  const shown = withClosed ? alerts : open;
  return (
    <Panel title="Coverage">
      <Group justify="space-between" gap="xs" mb={shown.length > 0 ? "xs" : 0}>
        <Text size="sm" c={open.length > 0 ? "red" : "dimmed"}>
          {open.length > 0 ? `${plural(open.length, "alert")} open` : "All that is to be seen is seen"}
        </Text>
        <Switch
          size="xs"
          label="Also those that are over"
          checked={withClosed}
          onChange={(event) => setWithClosed(event.currentTarget.checked)}
        />
      </Group>
      {shown.length > 0 && (
        <Table aria-label="Coverage alerts">
          <Table.Tbody>
            {shown.map((alert) => (
              <Row key={alert.id} alert={alert} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}

function Row({ alert }: { alert: CoverageAlert }) {
  const now = useNow();
  const { node, kind, subject, detail, severity, openedAt, closedAt } = alert;
  return (
    <Table.Tr>
      <Table.Td w={98} visibleFrom="xs">
        <SeverityBadge severity={severity} />
      </Table.Td>
      <Table.Td>
        <Text fz="inherit" fw={600}>
          {node}: {kind.replaceAll("-", " ")} {subject && <Hostile>{subject}</Hostile>}
        </Text>
        <Hostile>{detail}</Hostile>
      </Table.Td>
      <Table.Td w={210} visibleFrom="sm">
        <DateTime at={openedAt} />
        <Text size="xs" c="dimmed">
          {closedAt === null
            ? `for ${duration(now - openedAt)}`
            : `was over after ${duration(closedAt - openedAt)}`}
        </Text>
      </Table.Td>
      <Table.Td w={100} ta="right">
        {closedAt === null ? <Accept alert={alert} /> : <Badge color="gray">Over</Badge>}
      </Table.Td>
    </Table.Tr>
  );
}

function Accept({ alert: { id } }: { alert: CoverageAlert }) {
  const isAdmin = useIsAdmin();
  const accept = useCommand(acceptAlert);
  if (!isAdmin) return null;
  return (
    <Button
      size="compact-xs"
      variant="default"
      title="What the sensor does now is what it is meant to do"
      loading={accept.isPending}
      onClick={() => accept.mutate(id, { onError: (error) => showProblem("The alert stays open", error) })}
    >
      Accept
    </Button>
  );
}
