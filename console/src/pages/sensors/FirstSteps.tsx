import { Alert, Code, List, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Radio, ServerCog } from "lucide-react";
import { sensorsQuery } from "../../api/sensors";
import type { Sensor } from "../../api/types";
import { PageButton } from "../../shared/links";
import { sensors as t } from "../../texts/sensors";
import { Enrol } from "./Enrol";
import { StoreNote } from "./StoreNote";

/** On the first day there is nothing to see, but something to do; and what holds everything up is said first. */
export function FirstSteps({ withHelp = false }: { withHelp?: boolean }) {
  const { data } = useQuery(sensorsQuery);
  if (!data) return null;
  const { sensors, store } = data;
  const there = sensors.filter(({ revokedAt }) => !revokedAt);
  return (
    <>
      {store && <StoreNote store={store} />}
      {there.length === 0 && (
        <Alert role="status" icon={<ServerCog size={18} />} title={t.noSensorHasEnrolled}>
          <Stack gap="xs" align={withHelp ? "stretch" : "flex-start"}>
            {t.attacksAppearHereSeconds}
            {withHelp ? (
              <Enrol />
            ) : (
              <PageButton to="/sensors" size="xs">
                {t.howToAddA}
              </PageButton>
            )}
          </Stack>
        </Alert>
      )}
      {there.length > 0 && there.every(isBlind) && (
        <Alert role="status" color="yellow" icon={<Radio size={18} />} title={t.noHttpWasSeen}>
          <List size="sm">
            <List.Item>
              {t.doesTheServersTraffic} <strong>{t.sensors}</strong> {t.listsThem}
            </List.Item>
            <List.Item>{t.isItEncryptedOn}</List.Item>
            <List.Item>
              <Code>{t.sudoPortctlDoctor}</Code> {t.onTheNodeTries}
            </List.Item>
          </List>
        </Alert>
      )}
    </>
  );
}

/** It has told what it counts, and no exchange is among it. */
const isBlind = ({ counters, startedAt }: Sensor) => startedAt !== null && counters["exchanges_total"] === 0;
