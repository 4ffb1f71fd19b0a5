import { Badge, Box, Card, Group, Table, Text, Title } from "@mantine/core";
import { useCommand } from "../../api/commands";
import { revokeSensor } from "../../api/sensors";
import type { Sensor } from "../../api/types";
import { Columns } from "../../shared/Columns";
import { ConfirmButton } from "../../shared/ConfirmButton";
import { Fact, Facts } from "../../shared/Fact";
import { count, plural } from "../../shared/format";
import { showProblem } from "../../shared/notices";
import { useIsAdmin } from "../../shared/rights";
import { DateTime, Time } from "../../shared/Time";
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
            <Badge color="gray">Revoked</Badge>
          ) : (
            <Badge color={sensor.connected ? "teal" : "red"} variant="dot">
              {sensor.connected ? "Connected" : "Away"}
            </Badge>
          )}
          {behind && <Badge color="yellow">Behind</Badge>}
          {sensor.coverageAlerts.length > 0 && (
            <Badge color="red">{plural(sensor.coverageAlerts.length, "alert")}</Badge>
          )}
        </Group>
        <Group gap="sm">
          <Text size="xs" c="dimmed">
            {sensor.id} · version {sensor.version}
          </Text>
          <Revoke sensor={sensor} />
        </Group>
      </Group>
      <Facts>
        <Fact name="Capture">{sensor.captureMode || "not reported yet"}</Fact>
        <Fact name="Enforcement">
          {sensor.enforcementMode || "not reported yet"}
          {sensor.gateMode === "monitor" && ", only counting"}
        </Fact>
        <Fact name="Applied revision">
          {count(sensor.appliedRevision)} of {count(revision)}
        </Fact>
        <Fact name="Last seen">{sensor.lastSeen === null ? "never" : <Time at={sensor.lastSeen} />}</Fact>
        <Fact name="Traffic seen">{seenOf(sensor.counters)}</Fact>
        <Fact name="Requests">{requestRate(sensor)}</Fact>
        {sensor.certifiedUntil !== null && (
          <Fact name="Certificate until">
            <DateTime at={sensor.certifiedUntil} />
          </Fact>
        )}
        {Math.abs(sensor.clockSkewMs ?? 0) > 1_000 && (
          <Fact name="Its clock">{clockOf(sensor.clockSkewMs ?? 0)}</Fact>
        )}
        <Fact name="Started">
          {sensor.startedAt === null ? "not reported yet" : <Time at={sensor.startedAt} />}
        </Fact>
        <Fact name="Enrolled">
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
  `${(Math.abs(skewMs) / 1_000).toFixed(1)} s ${skewMs > 0 ? "ahead of ours" : "behind ours"}`;

function Revoke({ sensor: { id, node, revokedAt } }: { sensor: Sensor }) {
  const isAdmin = useIsAdmin();
  const revoke = useCommand(revokeSensor);
  if (!isAdmin || revokedAt) return null;
  return (
    <ConfirmButton
      warning={`${node} is shut out at once and for good. To come back it has to enrol anew.`}
      onConfirm={() =>
        revoke.mutate(id, { onError: (error) => showProblem(`${node} is not revoked`, error) })
      }
    >
      Revoke
    </ConfirmButton>
  );
}

function Interfaces({ sensor }: { sensor: Sensor }) {
  const { interfaces } = sensor;
  return (
    <section>
      <Title order={3} size="sm" mb={4}>
        Interfaces
      </Title>
      {interfaces.length === 0 ? (
        <Text size="sm" c="dimmed">
          {sensor.startedAt === null ? "Not reported yet." : "None. Start the sensor with --interface NAME."}
        </Text>
      ) : (
        <Table fz="xs" verticalSpacing={4}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Name</Table.Th>
              <Table.Th>Gate</Table.Th>
              <Table.Th>Tap</Table.Th>
              <Table.Th>Note</Table.Th>
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
        Not seen or shed
      </Title>
      {total === 0 ? (
        <Text size="sm" c="dimmed">
          {sensor.startedAt === null ? "Not reported yet." : "Nothing was lost since it started."}
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
