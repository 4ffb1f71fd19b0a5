import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  type RouterHistory,
  redirect,
} from "@tanstack/react-router";
import { isLoggedOut } from "./api/client";
import { sessionQuery } from "./api/queries";
import { Failure } from "./layout/Failure";
import { NotFound } from "./layout/NotFound";
import { Shell } from "./layout/Shell";
import { parseActivitySearch } from "./pages/activity/search";
import { parseActorsSearch } from "./pages/actors/search";
import { parseApisSearch } from "./pages/apis/search";
import { parseAuditSearch } from "./pages/audit/search";
import { parseBlocklistSearch } from "./pages/blocklist/search";
import { parseInventorySearch } from "./pages/inventory/search";
import { parseIssuesSearch } from "./pages/issues/search";
import { parseOverviewSearch } from "./pages/overview/search";
import { parsePoliciesSearch, parsePolicySearch } from "./pages/policies/search";
import { parseSettingsSearch } from "./pages/settings/search";
import { parseSuppressionsSearch } from "./pages/suppressions/search";
import { parseRange } from "./shared/search";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFound,
  errorComponent: Failure,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (raw: Record<string, unknown>): { next?: string } => {
    const next = raw["next"];
    // Only a path of this console: `//host` and `/\host` lead elsewhere.
    return typeof next === "string" && /^\/(?![/\\])/.test(next) ? { next } : {};
  },
  component: lazyRouteComponent(() => import("./pages/login/LoginPage"), "LoginPage"),
});

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  // Pages without times of their own still hand the range on to the next one.
  validateSearch: parseRange,
  component: Shell,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(sessionQuery);
    } catch (error) {
      if (isLoggedOut(error)) throw redirect({ to: "/login", search: { next: location.href } });
      throw error;
    }
  },
});

const overview = createRoute({
  getParentRoute: () => shell,
  path: "/",
  validateSearch: parseOverviewSearch,
  component: lazyRouteComponent(() => import("./pages/overview/OverviewPage"), "OverviewPage"),
});

const activity = createRoute({
  getParentRoute: () => shell,
  path: "/activity",
  validateSearch: parseActivitySearch,
  component: lazyRouteComponent(() => import("./pages/activity/ActivityPage"), "ActivityPage"),
});

const event = createRoute({
  getParentRoute: () => activity,
  path: "$eventId",
  component: lazyRouteComponent(() => import("./pages/activity/EventDrawer"), "EventDrawer"),
});

const actors = createRoute({
  getParentRoute: () => shell,
  path: "/actors",
  validateSearch: parseActorsSearch,
  component: lazyRouteComponent(() => import("./pages/actors/ActorsPage"), "ActorsPage"),
});

const actor = createRoute({
  getParentRoute: () => shell,
  path: "/actors/$actor",
  component: lazyRouteComponent(() => import("./pages/actors/ActorPage"), "ActorPage"),
});

const apis = createRoute({
  getParentRoute: () => shell,
  path: "/apis",
  validateSearch: parseApisSearch,
  component: lazyRouteComponent(() => import("./pages/apis/ApisPage"), "ApisPage"),
});

const inventory = createRoute({
  getParentRoute: () => shell,
  path: "/inventory",
  validateSearch: parseInventorySearch,
  component: lazyRouteComponent(() => import("./pages/inventory/InventoryPage"), "InventoryPage"),
});

const issues = createRoute({
  getParentRoute: () => shell,
  path: "/issues",
  validateSearch: parseIssuesSearch,
  component: lazyRouteComponent(() => import("./pages/issues/IssuesPage"), "IssuesPage"),
});

const issue = createRoute({
  getParentRoute: () => issues,
  path: "$issueId",
  component: lazyRouteComponent(() => import("./pages/issues/detail/IssueDrawer"), "IssueDrawer"),
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: "/settings",
  validateSearch: parseSettingsSearch,
  component: lazyRouteComponent(() => import("./pages/settings/SettingsPage"), "SettingsPage"),
});

const policies = createRoute({
  getParentRoute: () => shell,
  path: "/policies",
  validateSearch: parsePoliciesSearch,
  component: lazyRouteComponent(() => import("./pages/policies/PoliciesPage"), "PoliciesPage"),
});

const policy = createRoute({
  getParentRoute: () => shell,
  path: "/policies/$policyId",
  validateSearch: parsePolicySearch,
  component: lazyRouteComponent(() => import("./pages/policies/PolicyPage"), "PolicyPage"),
});

// A policy may be called anything: this is no place beside theirs.
const newPolicy = createRoute({
  getParentRoute: () => shell,
  path: "/new-policy",
  component: lazyRouteComponent(() => import("./pages/policies/NewPolicyPage"), "NewPolicyPage"),
});

const suppressions = createRoute({
  getParentRoute: () => shell,
  path: "/suppressions",
  validateSearch: parseSuppressionsSearch,
  component: lazyRouteComponent(() => import("./pages/suppressions/SuppressionsPage"), "SuppressionsPage"),
});

const blocklist = createRoute({
  getParentRoute: () => shell,
  path: "/blocklist",
  validateSearch: parseBlocklistSearch,
  component: lazyRouteComponent(() => import("./pages/blocklist/BlocklistPage"), "BlocklistPage"),
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: "/audit",
  validateSearch: parseAuditSearch,
  component: lazyRouteComponent(() => import("./pages/audit/AuditPage"), "AuditPage"),
});

const sensors = createRoute({
  getParentRoute: () => shell,
  path: "/sensors",
  component: lazyRouteComponent(() => import("./pages/sensors/SensorsPage"), "SensorsPage"),
});

const routes = root.addChildren([
  login,
  shell.addChildren([
    overview,
    activity.addChildren([event]),
    actors,
    actor,
    apis,
    inventory,
    issues.addChildren([issue]),
    policies,
    policy,
    newPolicy,
    suppressions,
    blocklist,
    sensors,
    audit,
    settings,
  ]),
]);

export function makeRouter(queries: QueryClient, history?: RouterHistory) {
  return createRouter({
    routeTree: routes,
    context: { queries },
    defaultPreload: "intent",
    ...(history ? { history } : {}),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
