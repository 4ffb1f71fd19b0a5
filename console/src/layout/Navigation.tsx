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

const PAGES = [
  { to: "/", label: "Overview", icon: Gauge },
  { to: "/activity", label: "Threat activity", icon: ShieldAlert },
  { to: "/actors", label: "Threat actors", icon: UserRoundX },
  { to: "/apis", label: "Threat APIs", icon: Radar },
  { to: "/issues", label: "Issues", icon: Bug },
  { to: "/inventory", label: "API inventory", icon: Waypoints },
  { to: "/policies", label: "Policies", icon: ScrollText },
  { to: "/suppressions", label: "Suppressions", icon: EyeOff },
  { to: "/blocklist", label: "Blocklist", icon: Ban },
  { to: "/sensors", label: "Sensors", icon: ServerCog },
  { to: "/audit", label: "Audit log", icon: History, isForAdmins: true },
  { to: "/settings", label: "Settings", icon: Settings },
] as const;

/** The time range goes along from page to page; filters stay where they belong. */
export function Navigation({ onGo }: { onGo: () => void }) {
  const range = parseRange(useSearch({ strict: false }));
  const isAdmin = useIsAdmin();
  const pages = PAGES.filter((page) => isAdmin || !("isForAdmins" in page));
  return (
    <nav aria-label="Pages">
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
