import { Group, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sensorsQuery } from "../../api/sensors";
import { ErrorNote } from "../../shared/ErrorNote";
import { Fact, Facts } from "../../shared/Fact";
import { count, plural } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { dropsOf } from "../sensors/counters";

/** Whether all sensors are there, see everything, and have applied what they were told. */
export function Fleet() {
  const { data, error } = useQuery(sensorsQuery);
  if (error && !data) return <ErrorNote error={error} title="The sensors could not be loaded" />;
  if (!data) return <Skeleton height={44} />;
  const { sensors, revision } = data;
  if (sensors.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        No sensor has enrolled. <PageAnchor to="/sensors">How to add one</PageAnchor>
      </Text>
    );
  }
  const connected = sensors.filter((sensor) => sensor.connected);
  const current = connected.filter((sensor) => sensor.appliedRevision >= revision);
  const dropped = sensors.reduce((sum, { counters }) => sum + dropsOf(counters).total, 0);
  return (
    <Facts>
      <Fact name="Connected">
        <Group gap={6} c={connected.length < sensors.length ? "red" : undefined} component="span">
          {connected.length} of {plural(sensors.length, "sensor")}
        </Group>
      </Fact>
      <Fact name={`At revision ${count(revision)}`}>
        {current.length} of {connected.length}
      </Fact>
      <Fact name="Not seen or shed, all causes">{count(dropped)}</Fact>
      <Fact name="Details">
        <PageAnchor to="/sensors" size="sm">
          All sensors
        </PageAnchor>
      </Fact>
    </Facts>
  );
}
