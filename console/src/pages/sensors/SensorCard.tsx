import { Badge, Box, Card, Group, Table, Text, Title } from "@mantine/core";
import type { Sensor } from "../../api/types";
import { Columns } from "../../shared/Columns";
import { Fact, Facts } from "../../shared/Fact";
import { count } from "../../shared/format";
import { Time } from "../../shared/Time";
import { CounterTable } from "./CounterTable";
import { counterName, dropsOf, seenOf } from "./counters";

export function SensorCard({ sensor, revision }: { sensor: Sensor; revision: number }) {
  const behind = sensor.connected && sensor.appliedRevision < revision;
  return (
    <Card withBorder component="section" aria-label={sensor.node}>
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Title order={2}>{sensor.node}</Title>
          <Badge color={sensor.connected ? "teal" : "red"} variant="dot">
            {sensor.connected ? "Connected" : "Away"}
          </Badge>
          {behind && <Badge color="yellow">Behind</Badge>}
        </Group>
        <Text size="xs" c="dimmed">
          {sensor.id} · version {sensor.version}
        </Text>
      </Group>
      <Facts>
        <Fact name="Capture">{sensor.captureMode || "not reported yet"}</Fact>
        <Fact name="Enforcement">{sensor.enforcementMode || "not reported yet"}</Fact>
        <Fact name="Applied revision">
          {count(sensor.appliedRevision)} of {count(revision)}
        </Fact>
        <Fact name="Last seen">{sensor.lastSeen === null ? "never" : <Time at={sensor.lastSeen} />}</Fact>
        <Fact name="Traffic seen">{seenOf(sensor.counters)}</Fact>
        <Fact name="Started">
          {sensor.startedAt === null ? "not reported yet" : <Time at={sensor.startedAt} />}
        </Fact>
        <Fact name="Enrolled">
          <Time at={sensor.enrolledAt} />
        </Fact>
      </Facts>
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
