import assert from "node:assert/strict";
import { call } from "../console.mjs";

/**
 * A filter leaves exactly the rows that the control plane counts for it, and stands in the address.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 * @param {{ severity: string, filterId: string }} event one that there is
 */
export async function filterEvents(page, at, { severity, filterId }) {
  await page.goto(`${at.url}/activity?range=all`);
  const search = page.getByRole("search");
  for (const [label, value] of [
    ["Severity", severity],
    ["Attack", filterId],
  ]) {
    await search.getByRole("combobox", { name: label, exact: true }).click();
    await page.getByRole("option", { name: value, exact: true }).click();
    await page.keyboard.press("Escape");
  }
  const filter = { severity: [severity], latestAttack: [filterId], statusFilter: "ACTIVE" };
  const { total } = await call(page, "fetchSuspectSampleData", { ...filter, limit: 0 });
  const table = page.locator(`table[aria-label="Threat activity"][aria-rowcount="${total + 1}"]`);
  await table.waitFor();
  const { searchParams } = new URL(page.url());
  assert.deepEqual(JSON.parse(searchParams.get("severity") ?? ""), [severity]);
  assert.deepEqual(JSON.parse(searchParams.get("attack") ?? ""), [filterId]);
  await page.reload();
  await table.waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.waitForURL((address) => !address.searchParams.has("severity"));
  console.log(`ok: severity and attack leave ${total} events, after a reload too`);
}
