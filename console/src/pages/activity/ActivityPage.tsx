import { Badge, Button, Group, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useParams } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { eventsQuery } from "../../api/queries";
import { timestampsOf } from "../../api/range";
import { EmptyState } from "../../shared/EmptyState";
import { compact } from "../../shared/format";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { rangeOf, toSearch } from "../../shared/search";
import { activity as t } from "../../texts/activity";
import { ExportMenu } from "./bulk/ExportMenu";
import { Filters } from "./Filters";
import { EventList } from "./list/EventList";
import { type ActivitySearch, FILTER_KEYS, filterOf, isFiltered, type Tab } from "./search";
import { SavedViews } from "./views/SavedViews";

const route = getRouteApi("/shell/activity");

export function ActivityPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { eventId } = useParams({ strict: false });
  const tab = search.tab ?? "active";
  const range = rangeOf(search);
  const refine = (change: ActivitySearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });

  return (
    <Page
      fill
      title={t.threatActivity}
      about={t.attacksTheSensorsHave}
      actions={
        <>
          <SavedViews search={search} onShow={(search) => void navigate({ to: ".", search })} />
          <ExportMenu
            what={t.everythingThatThisList}
            selector={() => ({
              ...filterOf(search, tab),
              ...timestampsOf(range, Math.ceil(Date.now() / 1_000)),
            })}
          />
          <RangePicker value={range} onChange={(range) => refine(toSearch(range))} />
        </>
      }
    >
      <Tabs
        value={tab}
        onChange={(tab) => refine({ tab: tab === "active" ? undefined : (tab as Tab) })}
        mb="sm"
      >
        <Tabs.List>
          <StatusTab tab="active" search={search}>
            {t.active}
          </StatusTab>
          <StatusTab tab="review" search={search}>
            {t.underReview}
          </StatusTab>
          <StatusTab tab="ignored" search={search}>
            {t.ignored}
          </StatusTab>
        </Tabs.List>
      </Tabs>
      <Filters search={search} range={range} onChange={refine} />
      <EventList
        search={search}
        tab={tab}
        empty={<Nothing search={search} onClear={refine} />}
        onSort={(direction) => refine({ sort: direction === 1 ? "oldest" : undefined })}
        openId={eventId}
        onOpen={(event) =>
          void navigate({ to: "/activity/$eventId", params: { eventId: event.id }, search: (old) => old })
        }
      />
      <Outlet />
    </Page>
  );
}

function StatusTab({ tab, search, children }: { tab: Tab; search: ActivitySearch; children: string }) {
  const { data } = useQuery(eventsQuery(filterOf(search, tab), rangeOf(search), { skip: 0, limit: 1 }, -1));
  return (
    <Tabs.Tab
      value={tab}
      // As high as with its figure, which comes later.
      h={40}
      rightSection={
        data !== undefined && (
          <Badge
            size="sm"
            style={{ flexShrink: 0 }}
            circle={data.total < 10}
            color={data.total > 0 ? undefined : "gray"}
          >
            {compact(data.total)}
          </Badge>
        )
      }
    >
      {children}
    </Tabs.Tab>
  );
}

function Nothing({ search, onClear }: { search: ActivitySearch; onClear: (change: ActivitySearch) => void }) {
  const clear = () => onClear(Object.fromEntries(FILTER_KEYS.map((key) => [key, undefined])));
  if (isFiltered(search)) {
    return (
      <EmptyState icon={ShieldCheck} title={t.noEventFitsThese}>
        <Group justify="center" mt="xs">
          <Button size="xs" variant="default" onClick={clear}>
            {t.clearTheFilters}
          </Button>
        </Group>
      </EmptyState>
    );
  }
  if (search.tab === "review") {
    return (
      <EmptyState icon={ShieldCheck} title={t.nothingIsUnderReview}>
        {t.openAnEventAnd}
      </EmptyState>
    );
  }
  if (search.tab === "ignored") {
    return (
      <EmptyState icon={ShieldCheck} title={t.nothingIsIgnored}>
        {t.ignoringAnEventStops}
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={ShieldCheck} title={t.noAttackSeenIn}>
      {t.chooseALongerTimeRange} <strong>{t.sensors}</strong> {t.whetherTrafficIsBeing}{" "}
      <code>{t.curlPathAsIs}</code>.
    </EmptyState>
  );
}
