import { Skeleton, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { sensorsQuery } from "../../api/sensors";
import { DialogButton } from "../../shared/DialogButton";
import { ErrorNote } from "../../shared/ErrorNote";
import { Page } from "../../shared/Page";
import { sensors as t } from "../../texts/sensors";
import { CoverageAlerts } from "./CoverageAlerts";
import { Enrol } from "./Enrol";
import { FirstSteps } from "./FirstSteps";
import { GateSwitch } from "./GateSwitch";
import { SensorCard } from "./SensorCard";

export function SensorsPage() {
  const { data, error } = useQuery(sensorsQuery);
  return (
    <Page
      title={t.sensors}
      about={t.whereTrafficIsSeen}
      actions={
        <>
          <GateSwitch />
          <DialogButton label={t.addASensor} icon={Plus} wide>
            {() => <Enrol />}
          </DialogButton>
        </>
      }
    >
      <Stack>
        {error && <ErrorNote error={error} title={t.theSensorsCouldNot} />}
        {!data && !error && <Skeleton height={160} />}
        <FirstSteps withHelp />
        <CoverageAlerts />
        {data?.sensors.map((sensor) => (
          <SensorCard key={sensor.id} sensor={sensor} revision={data.revision} />
        ))}
      </Stack>
    </Page>
  );
}
