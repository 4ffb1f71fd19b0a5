import { Tabs } from "@mantine/core";
import { getRouteApi } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { Page } from "../../shared/Page";
import { useIsAdmin, useIsOperator } from "../../shared/rights";
import { settings as t } from "../../texts/settings";
import { Accounts } from "./accounts/Accounts";
import { ThreatConfiguration } from "./configuration/ThreatConfiguration";
import { Keys } from "./Keys";
import { Notifications } from "./Notifications";
import type { SettingsTab } from "./search";
import { Tickets } from "./tickets/Tickets";
import { Users } from "./Users";

const route = getRouteApi("/shell/settings");

interface Part {
  name: string;
  Shown: ComponentType;
  /** Who sees it, where not everybody does. */
  for?: "admins" | "the operator";
}

const PARTS: Record<SettingsTab, Part> = {
  users: { name: t.users, Shown: Users, for: "admins" },
  keys: { name: t.apiKeys, Shown: Keys, for: "admins" },
  notifications: { name: t.notifications, Shown: Notifications },
  tickets: { name: t.tickets, Shown: Tickets },
  configuration: { name: t.threatConfiguration, Shown: ThreatConfiguration },
  accounts: { name: t.accounts, Shown: Accounts, for: "the operator" },
};

export function SettingsPage() {
  const isAdmin = useIsAdmin();
  const isOperator = useIsOperator();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const parts = (Object.entries(PARTS) as [SettingsTab, Part][]).filter(
    ([, part]) => part.for === undefined || (part.for === "admins" ? isAdmin : isOperator),
  );
  const tab = parts.find(([tab]) => tab === search.tab)?.[0] ?? parts[0]?.[0] ?? "notifications";
  return (
    <Page title={t.settings} about={t.whoMayComeIn}>
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(tab) =>
          void navigate({ to: ".", search: (old) => ({ ...old, tab: tab as SettingsTab }), replace: true })
        }
      >
        <Tabs.List mb="md">
          {parts.map(([tab, { name }]) => (
            <Tabs.Tab key={tab} value={tab}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {parts.map(([tab, { Shown }]) => (
          <Tabs.Panel key={tab} value={tab}>
            <Shown />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
