// Takes the README's picture: Threat activity with an open drawer.
import { fileURLToPath } from "node:url";
import { call, inBrowser, logIn, target } from "./console.mjs";

const OUT = process.argv[2] ?? fileURLToPath(new URL("../../docs/console.png", import.meta.url));

const at = target();
await inBrowser({ width: 1440, height: 900 }, async (page) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await logIn(page, at);
  const id = await tellingEvent(page);
  await page.goto(`${at.url}/activity/${id}?view=values`);
  await page.getByRole("region", { name: "Response" }).waitFor();
  await page.waitForLoadState("networkidle");
  await page.screenshot({ path: OUT });
});
console.error(`wrote ${OUT}`);

/**
 * The newest critical exploit that succeeded, else the newest that did, else the newest event.
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string>}
 */
async function tellingEvent(page) {
  const newest = { limit: 1, statusFilter: "ACTIVE", sort: { detectedAt: -1 } };
  const succeeded = { ...newest, successfulExploit: true };
  for (const filter of [{ ...succeeded, severity: ["CRITICAL"] }, succeeded, newest]) {
    const { maliciousEvents } = await call(page, "fetchSuspectSampleData", filter);
    if (maliciousEvents[0]) return maliciousEvents[0].id;
  }
  throw new Error("there is no event to take a picture of");
}
