import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import { Page } from "../../shared/Page";
import { useIsAdmin } from "../../shared/rights";
import { Keys } from "./Keys";
import { Notifications } from "./Notifications";
import type { SettingsTab } from "./search";
import { Users } from "./Users";

const route = getRouteApi("/shell/settings");

export function SettingsPage() {
  const isAdmin = useIsAdmin();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const tab = isAdmin ? (search.tab ?? "users") : "notifications";
  return (
    <Page title="Settings" about="Who may come in, and who is told of attacks">
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(tab) =>
          void navigate({ to: ".", search: (old) => ({ ...old, tab: tab as SettingsTab }), replace: true })
        }
      >
        <Tabs.List mb="md">
          {isAdmin && <Tabs.Tab value="users">Users</Tabs.Tab>}
          {isAdmin && <Tabs.Tab value="keys">API keys</Tabs.Tab>}
          <Tabs.Tab value="notifications">Notifications</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <Keys />
        </Tabs.Panel>
        <Tabs.Panel value="notifications">
          <Notifications />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
