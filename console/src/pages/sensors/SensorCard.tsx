import { Badge, Box, Card, Group, Table, Text, Title } from "@mantine/core";
import { useCommand } from "../../api/commands";
import { revokeSensor } from "../../api/sensors";
import type { Sensor } from "../../api/types";
import { Columns } from "../../shared/Columns";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { Fact, Facts } from "../../shared/Fact";
import { count } from "../../shared/format";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { DateTime, Time } from "../../shared/Time";
import { sensors as t } from "../../texts/sensors";
import { CounterTable } from "./CounterTable";
import { counterName, dropsOf, seenOf } from "./counters";
import { SensorTrouble } from "./SensorTrouble";

export function SensorCard({ sensor, revision }: { sensor: Sensor; revision: number }) {
  const behind = sensor.connected && sensor.appliedRevision < revision;
  return (
    <Card withBorder component="section" aria-label={sensor.node}>
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title order={2}>{sensor.node}</Title>
          {sensor.revokedAt ? (
            <Badge color="gray">{t.revoked}</Badge>
          ) : (
            <Badge color={sensor.connected ? "teal" : "red"} variant="dot">
              {sensor.connected ? t.connected : t.away}
            </Badge>
          )}
          {behind && <Badge color="yellow">{t.behind}</Badge>}
          {sensor.coverageAlerts.length > 0 && (
            <Badge color="red">{t.alerts(sensor.coverageAlerts.length)}</Badge>
          )}
        </Group>
        <Group gap="sm">
          <Text size="xs" c="dimmed">
            {t.version(sensor.id, sensor.version)}
          </Text>
          <Revoke sensor={sensor} />
        </Group>
      </Group>
      <Facts>
        <Fact name={t.capture}>{sensor.captureMode || t.notReportedYet}</Fact>
        <Fact name={t.enforcement}>
          {sensor.enforcementMode || t.notReportedYet}
          {sensor.gateMode === "monitor" && t.onlyCounting}
        </Fact>
        <Fact name={t.appliedRevision}>{t.revisionOf(sensor.appliedRevision, revision)}</Fact>
        <Fact name={t.lastSeen}>{sensor.lastSeen === null ? t.never : <Time at={sensor.lastSeen} />}</Fact>
        <Fact name={t.trafficSeen}>{seenOf(sensor.counters)}</Fact>
        <Fact name={t.requests}>{requestRate(sensor)}</Fact>
        {sensor.certifiedUntil !== null && (
          <Fact name={t.certificateUntil}>
            <DateTime at={sensor.certifiedUntil} />
          </Fact>
        )}
        {Math.abs(sensor.clockSkewMs ?? 0) > 1_000 && (
          <Fact name={t.itsClock}>{clockOf(sensor.clockSkewMs ?? 0)}</Fact>
        )}
        <Fact name={t.started}>
          {sensor.startedAt === null ? t.notReportedYet : <Time at={sensor.startedAt} />}
        </Fact>
        <Fact name={t.enrolled}>
          <Time at={sensor.enrolledAt} />
        </Fact>
      </Facts>
      <SensorTrouble sensor={sensor} />
      <Box mt="md">
        <Columns least={340}>
          <Interfaces sensor={sensor} />
          <Drops sensor={sensor} />
        </Columns>
      </Box>
      <CounterTable counters={sensor.counters} />
    </Card>
  );
}

/** Exchanges a second, of late. */
function requestRate({ connected, rates }: Sensor): string {
  if (!connected) return "–";
  const rate = rates["exchanges_total"] ?? 0;
  return `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))} a second`;
}

const clockOf = (skewMs: number) =>
  `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs > 0 ? t.aheadOfOurs : t.behindOurs}`;

function Revoke({ sensor: { id, node, revokedAt } }: { sensor: Sensor }) {
  const isAdmin = useIsAdmin();
  const revoke = useCommand(revokeSensor);
  if (!isAdmin || revokedAt) return null;
  return (
    <ConfirmButton
      warning={t.isShutOutAt(node)}
      onConfirm={() => revoke.mutate(id, { onError: (error) => showProblem(t.isNotRevoked(node), error) })}
    >
      {t.revoke}
    </ConfirmButton>
  );
}

function Interfaces({ sensor }: { sensor: Sensor }) {
  const { interfaces } = sensor;
  return (
    <section>
      <Title order={3} size="sm" mb={4}>
        {t.interfaces}
      </Title>
      {interfaces.length === 0 ? (
        <Text size="sm" c="dimmed">
          {sensor.startedAt === null ? t.notReportedYetSentence : t.noneStartTheSensor}
        </Text>
      ) : (
        <Table fz="xs" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t.name}</Table.Th>
              <Table.Th>{t.gate}</Table.Th>
              <Table.Th>{t.tap}</Table.Th>
              <Table.Th>{t.note}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {interfaces.map(({ name, gate, tap, note }) => (
              <Table.Tr key={name}>
                <Table.Td ff="monospace">{name}</Table.Td>
                <Table.Td>{gate}</Table.Td>
                <Table.Td>{tap}</Table.Td>
                <Table.Td>{note}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}

function Drops({ sensor }: { sensor: Sensor }) {
  const { total, causes } = dropsOf(sensor.counters);
  return (
    <section>
      <Title order={3} size="sm" mb={4}>
        {t.notSeenOrShed}
      </Title>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          {sensor.startedAt === null ? t.notReportedYetSentence : t.nothingWasLostSince}
        </Text>
      ) : (
        <Table fz="xs" verticalSpacing={4}>
          <Table.Tbody>
            {causes.map(([name, lost]) => (
              <Table.Tr key={name}>
                <Table.Td>{counterName(name)}</Table.Td>
                <Table.Td ta="right">{count(lost)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </section>
  );
}
