import { Badge, Button, Group, Switch, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useCommand } from "../../api/commands";
import { acceptAlert, alertsQuery } from "../../api/sensors";
import type { CoverageAlert } from "../../api/types";
import { ErrorNote } from "../../shared/ErrorNote";
import { showProblem } from "../../shared/notices";
import { Panel } from "../../shared/Panel";
import { useIsAdmin } from "../../shared/rights";
import { SeverityBadge } from "../../shared/Severity";
import { DateTime, useNow } from "../../shared/Time";
import { Hostile } from "../../shared/text";
import { sensors as t } from "../../texts/sensors";

/** What goes unseen or unguarded now, and what did before. */
export function CoverageAlerts() {
  const { data: alerts, error } = useQuery(alertsQuery);
  const [withClosed, setWithClosed] = useState(false);
  if (error && !alerts) return <ErrorNote error={error} title={t.theCoverageAlertsCould} />;
  if (!alerts || alerts.length === 0) return null;
  const open = alerts.filter(({ closedAt }) => closedAt === null);
  const shown = withClosed ? alerts : open;
  return (
    <Panel title={t.coverage}>
      <Group justify="space-between" gap="xs" mb={shown.length > 0 ? "xs" : 0}>
        <Text size="sm" c={open.length > 0 ? "red" : "dimmed"}>
          {open.length > 0 ? t.alertOpen(open.length) : t.allThatIsTo}
        </Text>
        <Switch
          size="xs"
          label={t.alsoThoseThatAre}
          checked={withClosed}
          onChange={(event) => setWithClosed(event.currentTarget.checked)}
        />
      </Group>
      {shown.length > 0 && (
        <Table aria-label={t.coverageAlerts}>
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
          {closedAt === null ? t.openFor(now - openedAt) : t.wasOverAfter(closedAt - openedAt)}
        </Text>
      </Table.Td>
      <Table.Td w={100} ta="right">
        {closedAt === null ? <Accept alert={alert} /> : <Badge color="gray">{t.over}</Badge>}
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
      title={t.whatTheSensorDoes}
      loading={accept.isPending}
      onClick={() => accept.mutate(id, { onError: (error) => showProblem(t.theAlertStaysOpen, error) })}
    >
      {t.accept}
    </Button>
  );
}
