import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { Page } from "../../shared/Page";
import { SearchBox } from "../../shared/SearchBox";
import { blocklist as t } from "../../texts/blocklist";
import { AllowedList } from "./AllowedList";
import { BlockedList } from "./BlockedList";
import { ListActions } from "./ListActions";
import type { BlocklistSearch } from "./search";

const route = getRouteApi("/shell/blocklist");

/** Whom sensors drop, and whom they never do. */
export function BlocklistPage() {
  const { list, q = "" } = route.useSearch();
  const navigate = route.useNavigate();
  const refine = (change: BlocklistSearch) =>
    void navigate({ to: ".", search: (old) => ({ ...old, ...change }), replace: true });
  return (
    <Page
      title={t.blocklist}
      about={t.whosePacketsTheSensors}
      actions={
        <>
          <SearchBox
            label={t.searchAddressReasonWho}
            value={q}
            onChange={(q) => refine({ q: q || undefined })}
          />
          <ListActions list={list ?? "blocks"} />
        </>
      }
    >
      <Tabs
        value={list ?? "blocked"}
        keepMounted={false}
        onChange={(tab) => refine({ list: tab === "allowed" ? tab : undefined, q: undefined })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="blocked">{t.blocked}</Tabs.Tab>
          <Tabs.Tab value="allowed">{t.neverBlocked}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="blocked">
          <BlockedList search={q} />
        </Tabs.Panel>
        <Tabs.Panel value="allowed">
          <AllowedList search={q} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
