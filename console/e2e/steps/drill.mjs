import assert from "node:assert/strict";

/**
 * From the overview's figures down to one event, on to its actor, and back to what that actor did.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 */
export async function drillDown(page, at) {
  await page.goto(`${at.url}/?range=all`);
  const categories = page.getByRole("region", { name: "Attacks by category" });
  await categories.getByRole("button").first().click();
  await page.waitForURL((address) => address.searchParams.has("kind"));
  await page.getByRole("region", { name: "Top APIs" }).getByRole("link").first().click();
  await page.waitForURL((address) => address.pathname === "/activity" && address.searchParams.has("url"));
  const rows = page.getByRole("table", { name: "Threat activity" }).getByRole("row");
  await rows.nth(1).getByRole("link").first().click();

  const drawer = page.getByRole("dialog", { name: "Event" });
  await drawer.getByRole("tab", { name: "Timeline" }).click();
  await drawer.getByRole("img", { name: /^Attempts of / }).waitFor();
  await drawer.getByRole("link", { name: "The whole story" }).click();
  await page.waitForURL((address) => address.pathname.startsWith("/actors/"));
  const actor = decodeURIComponent(new URL(page.url()).pathname.slice("/actors/".length));
  await page.getByRole("heading", { level: 1, name: actor }).waitFor();
  await page.getByRole("img", { name: `Attempts of ${actor}` }).waitFor();
  await page.getByRole("region", { name: "Endpoints" }).getByRole("link").first().click();
  await page.waitForURL((address) => address.pathname === "/activity");
  const { searchParams } = new URL(page.url());
  assert.deepEqual(JSON.parse(searchParams.get("actor") ?? ""), [actor]);
  await rows.nth(1).waitFor();
  console.log(`ok: the overview leads to an event, to ${actor}, and to what they did at an endpoint`);
}
