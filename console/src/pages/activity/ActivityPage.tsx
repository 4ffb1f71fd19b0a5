import { Badge, Button, Group, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useParams } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { eventsQuery } from "../../api/queries";
import { DataTable } from "../../shared/DataTable";
import { EmptyState } from "../../shared/EmptyState";
import { compact } from "../../shared/format";
import { Page } from "../../shared/Page";
import { RangePicker } from "../../shared/RangePicker";
import { rangeOf, toSearch } from "../../shared/search";
import { columns } from "./columns";
import { Filters } from "./Filters";
import { type ActivitySearch, FILTER_KEYS, filterOf, isFiltered, type Tab } from "./search";

const PAGE_SIZE = 50;
const route = getRouteApi("/shell/activity");

export function ActivityPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { eventId } = useParams({ strict: false });
  const tab = search.tab ?? "active";
  const range = rangeOf(search);
  const page = search.page ?? 1;
  const direction = search.sort === "oldest" ? 1 : -1;
  const events = useQuery(
    eventsQuery(filterOf(search, tab), range, { skip: (page - 1) * PAGE_SIZE, limit: PAGE_SIZE }, direction),
  );

  /** Anything that changes which rows there are starts at the first page again. */
  const refine = (change: ActivitySearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, page: undefined, ...change }), replace: true });

  return (
    <Page
      title="Threat activity"
      about="Attacks the sensors have seen, newest first"
      actions={<RangePicker value={range} onChange={(range) => refine(toSearch(range))} />}
    >
      <Tabs
        value={tab}
        onChange={(tab) => refine({ tab: tab === "active" ? undefined : (tab as Tab) })}
        mb="sm"
      >
        <Tabs.List>
          <StatusTab tab="active" search={search}>
            Active
          </StatusTab>
          <StatusTab tab="review" search={search}>
            Under review
          </StatusTab>
          <StatusTab tab="ignored" search={search}>
            Ignored
          </StatusTab>
        </Tabs.List>
      </Tabs>
      <Filters search={search} range={range} onChange={refine} />
      <DataTable
        label="Threat activity"
        columns={columns}
        rows={events.data?.maliciousEvents}
        rowId={(event) => event.id}
        error={events.error}
        empty={<Nothing search={search} onClear={refine} />}
        sorting={{
          column: "detected",
          direction,
          onSort: (_, direction) => refine({ sort: direction === 1 ? "oldest" : undefined }),
        }}
        paging={{
          page,
          size: PAGE_SIZE,
          total: events.data?.total ?? 0,
          onPage: (page) => refine({ page: page === 1 ? undefined : page }),
        }}
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
      <EmptyState icon={ShieldCheck} title="No event fits these filters">
        <Group justify="center" mt="xs">
          <Button size="xs" variant="default" onClick={clear}>
            Clear the filters
          </Button>
        </Group>
      </EmptyState>
    );
  }
  if (search.tab === "review") {
    return (
      <EmptyState icon={ShieldCheck} title="Nothing is under review">
        Open an event and choose «Mark for review» to collect here what somebody should look at.
      </EmptyState>
    );
  }
  if (search.tab === "ignored") {
    return (
      <EmptyState icon={ShieldCheck} title="Nothing is ignored">
        Ignoring an event stops that actor, endpoint and policy from raising it again. It can be taken back
        here.
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={ShieldCheck} title="No attack seen in this time">
      Choose a longer time range, or look at <strong>Sensors</strong> whether traffic is being seen. To see
      one event now, send a request that no honest client sends to a server that a sensor watches, for example{" "}
      <code>curl --path-as-is 'http://HOST/../../etc/passwd'</code>.
    </EmptyState>
  );
}
