// Every page in light and dark, wide and narrow, before axe-core: no serious finding may be left.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { call, inBrowser, logIn, target } from "./console.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PAGES = [
  ...[
    "/",
    "/activity?range=all",
    "/actors?range=all",
    "/apis?range=all",
    "/inventory?range=all",
    "/policies",
  ],
  ...["/blocklist", "/blocklist?list=allowed", "/suppressions", "/sensors", "/audit?range=all"],
  ...["/new-policy", "/policies/XSS", "/policies/XSS?tab=versions", "/policies/XSS?tab=about"],
  ...["users", "keys", "notifications", "configuration", "accounts"].map((tab) => `/settings?tab=${tab}`),
];
// Pages ask again and again: there is no moment without a request to wait for.
const SETTLE_MS = 1_500;
const GRAVE = new Set(["serious", "critical"]);

const at = target();
let found = 0;
for (const [scheme, width] of /** @type {const} */ ([
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
])) {
  await inBrowser({ width, height: 850 }, async (page) => {
    await page.emulateMedia({ colorScheme: scheme });
    await logIn(page, at);
    const { maliciousEvents } = await call(page, "fetchSuspectSampleData", { limit: 1 });
    const views = ["overview", "timeline", "values", "remediation"];
    const drawers = maliciousEvents.flatMap((/** @type {{ id: string, actor: string }} */ { id, actor }) => [
      ...views.map((view) => `/activity/${id}?range=all&view=${view}`),
      `/actors/${encodeURIComponent(actor)}`,
    ]);
    for (const path of [...PAGES, ...drawers]) {
      await page.goto(at.url + path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(SETTLE_MS);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) report(`${path} is ${wide} pixels wider than a window of ${width}`);
      await page.evaluate(AXE);
      const violations = await page.evaluate(async () => {
        const { axe } = /** @type {{ axe: typeof import("axe-core") }} */ (/** @type {unknown} */ (window));
        const { violations } = await axe.run(document, { resultTypes: ["violations"] });
        return violations.map(({ id, impact, help, nodes }) => ({
          ...{ id, impact, help },
          where: nodes
            .slice(0, 3)
            .map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`),
        }));
      });
      for (const { id, impact, help, where } of violations)
        if (impact && GRAVE.has(impact))
          report(`${scheme} ${width} ${path}: ${id}: ${help}\n  ${where.join("\n  ")}`);
    }
  });
  console.log(`ok: looked at every page, ${scheme}, ${width} pixels wide`);
}
if (found > 0) process.exit(1);
console.log("ok: axe-core has no serious finding, and no page is wider than its window");

/** @param {string} what */
function report(what) {
  found += 1;
  console.error(`failed: ${what}`);
}
