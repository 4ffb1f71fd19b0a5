import { Card, Grid, SimpleGrid, Stack, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import type { ReactNode } from "react";
import { actorTotalsQuery, categoryCountsQuery, severityCountsQuery, timelineQuery } from "../../api/queries";
import { EmptyState } from "../../shared/EmptyState";
import { ErrorNote } from "../../shared/ErrorNote";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { rangeOf, toSearch } from "../../shared/search";
import { CategoryBars } from "./CategoryBars";
import { Fleet } from "./Fleet";
import { SeverityTiles } from "./SeverityTiles";
import { TimelineChart } from "./TimelineChart";
import { TotalTiles } from "./TotalTiles";

const route = getRouteApi("/shell/");

export function OverviewPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const severities = useQuery(severityCountsQuery(range));
  const categories = useQuery(categoryCountsQuery(range));
  const timeline = useQuery(timelineQuery(range));
  const totals = useQuery(actorTotalsQuery(range));
  const error = severities.error ?? categories.error ?? timeline.error ?? totals.error;

  return (
    <Page
      title="Overview"
      about="What was seen, who did it, and whether the sensors are well"
      actions={
        <RangePicker
          value={range}
          onChange={(range) => void navigate({ to: ".", search: toSearch(range), replace: true })}
        />
      }
    >
      <Stack>
        {error && <ErrorNote error={error} title="Some of this page could not be loaded" />}
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <SeverityTiles counts={severities.data} search={search} />
        </SimpleGrid>
        <SimpleGrid cols={{ base: 2, sm: 4 }}>
          <TotalTiles totals={totals.data} search={search} />
        </SimpleGrid>
        <Grid>
          <Grid.Col span={{ base: 12, md: 8 }}>
            <Panel title="Attacks per day">
              {timeline.data?.length === 0 ? (
                <EmptyState icon={ShieldCheck} title="No attack seen in this time">
                  Choose a longer time range, or look at Sensors whether traffic is being seen.
                </EmptyState>
              ) : (
                <TimelineChart days={timeline.data} />
              )}
            </Panel>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 4 }}>
            <Panel title="Top attacks">
              <CategoryBars counts={categories.data} />
            </Panel>
          </Grid.Col>
          <Grid.Col span={12}>
            <Panel title="Sensors">
              <Fleet />
            </Panel>
          </Grid.Col>
        </Grid>
      </Stack>
    </Page>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder h="100%" component="section" aria-label={title}>
      <Title order={2} size="sm" mb="sm">
        {title}
      </Title>
      {children}
    </Card>
  );
}
