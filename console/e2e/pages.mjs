import { call } from "./console.mjs";

/** Addresses of all pages, by a name for each; those of one thing are of the newest there is. */
const PAGES = {
  overview: "/?range=all",
  activity: "/activity?range=all",
  actors: "/actors?range=all",
  apis: "/apis?range=all",
  issues: "/issues",
  inventory: "/inventory?range=all",
  policies: "/policies?range=all",
  suppressions: "/suppressions",
  blocklist: "/blocklist",
  allowed: "/blocklist?list=allowed",
  sensors: "/sensors",
  audit: "/audit?range=all",
  "new-policy": "/new-policy",
  policy: "/policies/XSS",
  "policy-versions": "/policies/XSS?tab=versions",
  "policy-about": "/policies/XSS?tab=about",
  users: "/settings?tab=users",
  keys: "/settings?tab=keys",
  notifications: "/settings?tab=notifications",
  tickets: "/settings?tab=tickets",
  configuration: "/settings?tab=configuration",
  accounts: "/settings?tab=accounts",
};

/**
 * The addresses of all pages and of each drawer's views, by a name for each.
 *
 * @param {import("playwright-core").Page} page one that is logged in
 * @returns {Promise<Record<string, string>>}
 */
export async function everyPage(page) {
  const { id, actor } = await tellingEvent(page);
  const { issues } = await call(page, "fetchIssues", { limit: 1 });
  const views = ["overview", "timeline", "values", "remediation"];
  return {
    ...PAGES,
    actor: `/actors/${encodeURIComponent(actor)}`,
    ...Object.fromEntries(views.map((view) => [`event-${view}`, `/activity/${id}?range=all&view=${view}`])),
    ...(issues[0] ? { issue: `/issues/${issues[0].issueId}` } : {}),
  };
}

/**
 * The newest critical exploit that succeeded, else the newest that did, else the newest event.
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<{ id: string, actor: string }>}
 */
async function tellingEvent(page) {
  const newest = { limit: 1, statusFilter: "ACTIVE", sort: { detectedAt: -1 } };
  const succeeded = { ...newest, successfulExploit: true };
  for (const filter of [{ ...succeeded, severity: ["CRITICAL"] }, succeeded, newest]) {
    const { maliciousEvents } = await call(page, "fetchSuspectSampleData", filter);
    if (maliciousEvents[0]) return maliciousEvents[0];
  }
  throw new Error("there is no event to look at");
}

/**
 * Goes there without loading the console anew, and waits until nothing on the page waits any more.
 *
 * @param {import("playwright-core").Page} page one of the console
 * @param {string} address
 */
export async function visit(page, address) {
  await page.evaluate((address) => {
    history.pushState({}, "", address);
    dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
  }, address);
  await settled(page);
}

/**
 * Pages ask again and again: there is no moment without a request to wait for. What waits for its first answer says so.
 *
 * @param {import("playwright-core").Page} page
 */
export async function settled(page) {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(
    () => {
      const waits = document.querySelector("[aria-busy=true], .mantine-Skeleton-root, .mantine-Loader-root");
      const state = /** @type {{ quiet?: { text: string, since: number } }} */ (
        /** @type {unknown} */ (window)
      );
      const text = (document.body.textContent ?? "").replace(/\d+[smhd] ago|now/g, "");
      if (waits || state.quiet?.text !== text) state.quiet = { text, since: performance.now() };
      return performance.now() - state.quiet.since > 200;
    },
    undefined,
    { polling: 50 },
  );
}
