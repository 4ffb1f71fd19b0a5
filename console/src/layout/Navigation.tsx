import { useSearch } from "@tanstack/react-router";
import {
  Ban,
  Bug,
  EyeOff,
  Gauge,
  History,
  Radar,
  ScrollText,
  ServerCog,
  Settings,
  ShieldAlert,
  UserRoundX,
  Waypoints,
} from "lucide-react";
import { PageNavLink } from "../shared/links";
import { useIsAdmin } from "../shared/rights";
import { parseRange } from "../shared/search";
import { layout as t } from "../texts/layout";

const PAGES = [
  { to: "/", label: t.overview, icon: Gauge },
  { to: "/activity", label: t.threatActivity, icon: ShieldAlert },
  { to: "/actors", label: t.threatActors, icon: UserRoundX },
  { to: "/apis", label: t.threatApis, icon: Radar },
  { to: "/issues", label: t.issues, icon: Bug },
  { to: "/inventory", label: t.apiInventory, icon: Waypoints },
  { to: "/policies", label: t.policies, icon: ScrollText },
  { to: "/suppressions", label: t.suppressions, icon: EyeOff },
  { to: "/blocklist", label: t.blocklist, icon: Ban },
  { to: "/sensors", label: t.sensors, icon: ServerCog },
  { to: "/audit", label: t.auditLog, icon: History, isForAdmins: true },
  { to: "/settings", label: t.settings, icon: Settings },
] as const;

/** The time range goes along from page to page; filters stay where they belong. */
export function Navigation({ onGo }: { onGo: () => void }) {
  const range = parseRange(useSearch({ strict: false }));
  const isAdmin = useIsAdmin();
  const pages = PAGES.filter((page) => isAdmin || !("isForAdmins" in page));
  return (
    <nav aria-label={t.pages}>
      {pages.map(({ to, label, icon: Icon }) => (
        <PageNavLink
          key={to}
          to={to}
          search={range}
          label={label}
          leftSection={<Icon size={17} strokeWidth={1.8} aria-hidden />}
          activeOptions={{ exact: to === "/", includeSearch: false }}
          onClick={onGo}
        />
      ))}
    </nav>
  );
}
