import { Box } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { countriesQuery } from "../../api/overview-queries";
import type { TimeRange } from "../../api/range";
import { Columns } from "../../shared/Columns";
import { ErrorNote } from "../../shared/ErrorNote";
import { Panel } from "../../shared/Panel";
import { actors as t } from "../../texts/actors";
import { ActorsChart } from "../overview/AttacksChart";
import { useCounted } from "../overview/useCounted";
import { WorldMap } from "../overview/WorldMap";

// As high as the chart beside it, with the countries under it.
const MAP_HEIGHT = 195;

interface ActorsFiguresProps {
  range: TimeRange;
  onCountry: (country: string) => void;
}

/** How many there were when, and where they are. */
export function ActorsFigures({ range, onCountry }: ActorsFiguresProps) {
  const { counts, error } = useCounted(range, {});
  const countries = useQuery(countriesQuery(range));
  const problem = error ?? countries.error;
  return (
    <Box mb="md">
      {Boolean(problem) && <ErrorNote error={problem} title={t.theFiguresCouldNot} />}
      <Columns least={340} gap={16}>
        <Panel title={t.actorsOverTime}>
          <ActorsChart counts={counts} withActors />
        </Panel>
        <Panel title={t.whereTheyAre}>
          <WorldMap countries={countries.data} height={MAP_HEIGHT} onPick={onCountry} />
        </Panel>
      </Columns>
    </Box>
  );
}
