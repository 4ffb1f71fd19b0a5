import { Code, Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ServerCog } from "lucide-react";
import { sensorsQuery } from "../../api/queries";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { Page } from "../../shared/Page";
import { SensorCard } from "./SensorCard";

const ADD = `control-plane join-token create --data-dir DIR > join-token
sensor run --capture ebpf --interface lo --control-plane http://127.0.0.1:9090 --join-token join-token`;

export function SensorsPage() {
  const { data, error } = useQuery(sensorsQuery);
  return (
    <Page title="Sensors" about="Where traffic is seen and blocks are enforced">
      <Stack>
        {error && <ErrorNote error={error} title="The sensors could not be loaded" />}
        {!data && !error && <Skeleton height={160} />}
        {data?.sensors.length === 0 && (
          <EmptyState icon={ServerCog} title="No sensor has enrolled yet">
            Make a join token and start a sensor on the node whose traffic is to be watched:
            <Code block mt="sm" ta="left">
              {ADD}
            </Code>
          </EmptyState>
        )}
        {data?.sensors.map((sensor) => (
          <SensorCard key={sensor.id} sensor={sensor} revision={data.revision} />
        ))}
      </Stack>
    </Page>
  );
}
