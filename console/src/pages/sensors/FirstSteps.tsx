import { Alert, Code, List, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { HardDrive, Radio, ServerCog } from "lucide-react";
import { sensorsQuery } from "../../api/sensors";
import type { Sensor } from "../../api/types";
import { PageButton } from "../../shared/links";
import { Enrol } from "./Enrol";

/** On the first day there is nothing to see, but something to do; and what holds everything up is said first. */
export function FirstSteps({ withHelp = false }: { withHelp?: boolean }) {
  const { data } = useQuery(sensorsQuery);
  if (!data) return null;
  const { sensors, store } = data;
  const there = sensors.filter(({ revokedAt }) => !revokedAt);
  return (
    <>
      {store && store.state !== "ok" && (
        <Alert
          role="status"
          color="red"
          icon={<HardDrive size={18} />}
          title="The control plane takes no events"
        >
          {store.note || store.state}. The sensors keep what they see until there is room again.
        </Alert>
      )}
      {there.length === 0 && (
        <Alert role="status" icon={<ServerCog size={18} />} title="No sensor has enrolled yet">
          <Stack gap="xs" align={withHelp ? "stretch" : "flex-start"}>
            Attacks appear here seconds after a sensor has seen them. Start one on a node whose traffic is to
            be watched.
            {withHelp ? (
              <Enrol />
            ) : (
              <PageButton to="/sensors" size="xs">
                How to add a sensor
              </PageButton>
            )}
          </Stack>
        </Alert>
      )}
      {there.length > 0 && there.every(isBlind) && (
        <Alert role="status" color="yellow" icon={<Radio size={18} />} title="No HTTP was seen yet">
          <List size="sm">
            <List.Item>
              Does the server's traffic pass an interface that a sensor watches? <strong>Sensors</strong>{" "}
              lists them.
            </List.Item>
            <List.Item>
              Is it encrypted on the way? Sensors read HTTP where TLS has ended: behind the proxy, or on the
              node.
            </List.Item>
            <List.Item>
              <Code>sudo portctl doctor</Code> on the node tries what capture needs, and names the fix.
            </List.Item>
          </List>
        </Alert>
      )}
    </>
  );
}

/** It has told what it counts, and no exchange is among it. */
const isBlind = ({ counters, startedAt }: Sensor) => startedAt !== null && counters["exchanges_total"] === 0;
