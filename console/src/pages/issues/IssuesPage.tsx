import { Badge, Button, Group, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Outlet, useParams } from "@tanstack/react-router";
import { FileInput as FileIn, ShieldCheck } from "lucide-react";
import { issueCountsQuery } from "../../api/issues";
import { DialogButton } from "../../shared/DialogButton";
import { EmptyState } from "../../shared/EmptyState";
import { compact } from "../../shared/format";
import { Page } from "../../shared/Page";
import { useMayAct } from "../../shared/rights";
import { useNow } from "../../shared/Time";
import { issues as t } from "../../texts/issues";
import { Filters, NO_FILTER } from "./Filters";
import { IssueList } from "./IssueList";
import { ImportForm } from "./import/ImportForm";
import { filterOf, foundOf, type IssuesSearch, isFiltered, TABS, type Tab } from "./search";

const route = getRouteApi("/shell/issues");

/** Weaknesses, and what somebody decided about each. */
export function IssuesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { issueId } = useParams({ strict: false });
  const mayAct = useMayAct();
  const tab = search.tab ?? "open";
  const filter = { ...filterOf(search), ...foundOf(search, useNow()) };
  const { data: counts } = useQuery(issueCountsQuery(filter));
  const refine = (change: IssuesSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });

  return (
    <Page
      fill
      title={t.title}
      about={t.about}
      actions={
        mayAct && (
          <DialogButton label={t.import.button} title={t.import.title} icon={FileIn} variant="default" wide>
            {(close) => <ImportForm onDone={close} />}
          </DialogButton>
        )
      }
    >
      <Tabs
        value={tab}
        onChange={(tab) => refine({ tab: tab === "open" ? undefined : tab } as IssuesSearch)}
        mb="sm"
      >
        <Tabs.List>
          {(Object.keys(TABS) as Tab[]).map((tab) => (
            <Tabs.Tab
              key={tab}
              value={tab}
              // As high as with its figure, which comes later.
              h={40}
              rightSection={counts && <Figure of={counts[tab]} />}
            >
              {t.tabs[tab]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </Tabs>
      <Filters search={search} onChange={refine} />
      <IssueList
        filter={{ ...filter, statusFilter: TABS[tab] }}
        tab={tab}
        sort={search.sort ?? "severity"}
        direction={search.order === "ascending" ? 1 : -1}
        onSort={(sort, direction) =>
          refine({ sort, order: direction === 1 ? "ascending" : undefined } as IssuesSearch)
        }
        empty={<Nothing search={search} tab={tab} onClear={() => refine(NO_FILTER)} />}
        openId={issueId}
        onOpen={({ issueId }) =>
          void navigate({ to: "/issues/$issueId", params: { issueId }, search: (old) => old })
        }
      />
      <Outlet />
    </Page>
  );
}

function Figure({ of }: { of: number }) {
  return (
    <Badge size="sm" style={{ flexShrink: 0 }} circle={of < 10} color={of > 0 ? undefined : "gray"}>
      {compact(of)}
    </Badge>
  );
}

function Nothing({ search, tab, onClear }: { search: IssuesSearch; tab: Tab; onClear: () => void }) {
  if (isFiltered(search)) {
    return (
      <EmptyState icon={ShieldCheck} title={t.none.filtered}>
        <Group justify="center" mt="xs">
          <Button size="xs" variant="default" onClick={onClear}>
            {t.none.clear}
          </Button>
        </Group>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={ShieldCheck} title={t.none[tab]}>
      {t.none[`${tab}How`]}
    </EmptyState>
  );
}
