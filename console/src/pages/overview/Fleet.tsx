import { Group, Skeleton, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sensorsQuery } from "../../api/sensors";
import { ErrorNote } from "../../shared/ErrorNote";
import { Fact, Facts } from "../../shared/Fact";
import { count } from "../../shared/format";
import { PageAnchor } from "../../shared/links";
import { overview as t } from "../../texts/overview";
import { dropsOf } from "../sensors/counters";

/** Whether all sensors are there, see everything, and have applied what they were told. */
export function Fleet() {
  const { data, error } = useQuery(sensorsQuery);
  if (error && !data) return <ErrorNote error={error} title={t.theSensorsCouldNot} />;
  if (!data) return <Skeleton height={44} />;
  const { sensors, revision } = data;
  if (sensors.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        {t.noSensorHasEnrolled} <PageAnchor to="/sensors">{t.howToAddOne}</PageAnchor>
      </Text>
    );
  }
  const connected = sensors.filter((sensor) => sensor.connected);
  const current = connected.filter((sensor) => sensor.appliedRevision >= revision);
  const dropped = sensors.reduce((sum, { counters }) => sum + dropsOf(counters).total, 0);
  return (
    <Facts>
      <Fact name={t.connected}>
        <Group gap={6} c={connected.length < sensors.length ? "red" : undefined} component="span">
          {t.ofSensor(connected.length, sensors.length)}
        </Group>
      </Fact>
      <Fact name={t.atRevision(revision)}>{t.countOf(current.length, connected.length)}</Fact>
      <Fact name={t.notSeenOrShed}>{count(dropped)}</Fact>
      <Fact name={t.details}>
        <PageAnchor to="/sensors" size="sm">
          {t.allSensors}
        </PageAnchor>
      </Fact>
    </Facts>
  );
}
