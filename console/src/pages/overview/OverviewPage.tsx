import { Group, Pill, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo } from "react";
import { countriesQuery, LATEST_ACTORS, latestActorsQuery, topApisQuery } from "../../api/overview-queries";
import { actorTotalsQuery, categoryCountsQuery, policiesQuery, severityCountsQuery } from "../../api/queries";
import type { EventFilter } from "../../api/types";
import { Columns } from "../../shared/Columns";
import { ErrorNote } from "../../shared/ErrorNote";
import { PageAnchor } from "../../shared/links";
import { Page } from "../../shared/Page";
import { Panel } from "../../shared/Panel";
import { RangePicker } from "../../shared/RangePicker";
import { Ranking } from "../../shared/Ranking";
import { rangeOf, toSearch } from "../../shared/search";
import { Hostile } from "../../shared/text";
import { overview as t } from "../../texts/overview";
import { LatestEvents } from "../activity/LatestEvents";
import { FirstSteps } from "../sensors/FirstSteps";
import { ActorsChart, AttacksChart } from "./AttacksChart";
import { Fleet } from "./Fleet";
import classes from "./OverviewPage.module.css";
import { byHost, policiesOf } from "./rankings";
import { SeverityTiles } from "./SeverityTiles";
import type { OverviewSearch } from "./search";
import { TotalTiles } from "./TotalTiles";
import { useCounted } from "./useCounted";
import { WorldMap } from "./WorldMap";

const route = getRouteApi("/shell/");

/** Severities and categories narrow what stands below them; figures, bars and countries lead on. */
export function OverviewPage() {
  const search = route.useSearch();
  const { severity, kind } = search;
  const navigate = route.useNavigate();
  const range = rangeOf(search);
  const refine = (change: OverviewSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });

  const { data: known } = useQuery(policiesQuery);
  const policies = useMemo(() => (kind ? policiesOf(known ?? [], kind) : undefined), [known, kind]);
  const severities = useQuery(severityCountsQuery(range));
  const categories = useQuery(categoryCountsQuery(range));
  const totals = useQuery(actorTotalsQuery(range));
  const countries = useQuery(countriesQuery(range, policies));
  const apis = useQuery(topApisQuery(range, policies));
  const actors = useQuery(latestActorsQuery(range, policies));
  const { counts, error: countError } = useCounted(range, { severity, kind, policies });
  const queries = [severities, categories, totals, countries, apis, actors];
  const error = queries.find(({ error }) => error)?.error ?? countError;

  const filter: EventFilter = {
    statusFilter: "ACTIVE",
    ...(severity ? { severity: [severity] } : {}),
    ...(kind ? { subCategory: [kind] } : {}),
  };
  const toActivity = {
    range: search.range,
    from: search.from,
    to: search.to,
    severity: severity && [severity],
    attack: policies,
  };
  const busiest = [...(actors.data ?? [])].sort((a, b) => b.eventCount - a.eventCount);

  return (
    <Page
      title={t.overview}
      about={t.whatWasSeenWho}
      actions={<RangePicker value={range} onChange={(range) => refine(toSearch(range))} />}
    >
      <Stack>
        <FirstSteps />
        {Boolean(error) && <ErrorNote error={error} title={t.someOfThisPage} />}
        <Columns least={140} gap={12}>
          <SeverityTiles
            counts={severities.data}
            chosen={severity}
            onChoose={(severity) => refine({ severity })}
          />
        </Columns>
        <Columns least={140} gap={12}>
          <TotalTiles totals={totals.data} search={toActivity} />
        </Columns>
        <Group gap="xs" className={classes.narrowed}>
          {severity || kind ? (
            <>
              <Text size="sm">{t.belowOnly}</Text>
              {severity && (
                <Pill
                  withRemoveButton
                  removeButtonProps={REMOVE}
                  onRemove={() => refine({ severity: undefined })}
                >
                  {severity}
                </Pill>
              )}
              {kind && (
                <Pill
                  withRemoveButton
                  removeButtonProps={REMOVE}
                  onRemove={() => refine({ kind: undefined })}
                >
                  {kind}
                </Pill>
              )}
            </>
          ) : (
            <Text size="sm" c="dimmed">
              {t.pressASeverityOr}
            </Text>
          )}
        </Group>
        <div className={classes.panels}>
          <Panel title={t.attacksOverTime}>
            <AttacksChart
              counts={counts}
              onPick={({ from, to }) =>
                void navigate({ to: "/activity", search: { ...toActivity, range: undefined, from, to } })
              }
            />
          </Panel>
          <Panel title={t.attacksByCategory}>
            <Ranking
              label={t.attacksByCategory}
              empty={t.nothingToRankYet}
              ranks={categories.data?.map(({ category, subCategory, count }) => ({
                key: `${category} ${subCategory}`,
                name: subCategory,
                count,
                pressed: kind === subCategory,
                onPress: () => refine({ kind: kind === subCategory ? undefined : subCategory }),
              }))}
            />
          </Panel>
          <Panel title={severity ? t.successfulExploits : t.actorsAndSuccessfulExploits}>
            <ActorsChart counts={counts} withActors={!severity} />
          </Panel>
          <Panel title={t.topActors} about={t.theBusiestOfThe(LATEST_ACTORS)}>
            <Ranking
              label={t.topActors}
              empty={t.nobodyYet}
              ranks={
                actors.data &&
                busiest.map(({ id, eventCount, country }) => ({
                  key: id,
                  count: eventCount,
                  name: (
                    <PageAnchor
                      to="/activity"
                      search={{ ...toActivity, actor: [id] }}
                      fz="inherit"
                      c="inherit"
                    >
                      <Hostile>{id}</Hostile> {country}
                    </PageAnchor>
                  ),
                }))
              }
            />
          </Panel>
          <Panel title={t.whereTheActorsAre}>
            <WorldMap
              countries={countries.data}
              onPick={(country) =>
                void navigate({
                  to: "/actors",
                  search: { range: search.range, from: search.from, to: search.to, country },
                })
              }
            />
          </Panel>
          <Panel title={t.topHosts}>
            <Ranking
              label={t.topHosts}
              empty={t.noHostWasAttacked}
              ranks={
                apis.data &&
                byHost(apis.data.apis).map(({ host, count }) => ({
                  key: host,
                  count,
                  name: (
                    <PageAnchor
                      to="/activity"
                      search={{ ...toActivity, host: [host] }}
                      fz="inherit"
                      c="inherit"
                    >
                      <Hostile>{host}</Hostile>
                    </PageAnchor>
                  ),
                }))
              }
            />
          </Panel>
          <Panel title={t.topApis}>
            <Ranking
              label={t.topApis}
              empty={t.noEndpointWasAttacked}
              ranks={apis.data?.apis.map(({ method, host, api, requestsCount }) => ({
                key: `${method} ${host} ${api}`,
                count: requestsCount,
                name: (
                  <PageAnchor
                    to="/activity"
                    search={{ ...toActivity, host: [host], url: [api] }}
                    fz="inherit"
                    c="inherit"
                  >
                    <Hostile>{`${method} ${host}${api}`}</Hostile>
                  </PageAnchor>
                ),
              }))}
            />
          </Panel>
          <Panel title={t.sensors}>
            <Fleet />
          </Panel>
        </div>
        <section aria-label={t.latestEvents}>
          <Group justify="space-between" mb="xs">
            <Title order={2} size="sm">
              {t.latestEvents}
            </Title>
            <PageAnchor to="/activity" search={toActivity} size="sm">
              {t.allOfThem}
            </PageAnchor>
          </Group>
          <LatestEvents filter={filter} range={range} />
        </section>
      </Stack>
    </Page>
  );
}

const REMOVE = { "aria-label": t.showAllAgain, tabIndex: 0, "aria-hidden": false } as const;
