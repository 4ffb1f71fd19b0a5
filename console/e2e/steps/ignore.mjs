import { call } from "../console.mjs";

/**
 * An event is ignored with scope, end and reason; what that suppresses is listed, extended and lifted.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 * @param {{ id: string, filterId: string }} event
 */
export async function ignoreAndLift(page, at, event) {
  const reason = `e2e ${crypto.randomUUID()}`;
  await page.goto(`${at.url}/activity/${event.id}?range=all`);
  const drawer = page.getByRole("dialog", { name: "Event", exact: true });
  await drawer.getByRole("button", { name: "Event actions" }).click();
  await page.getByRole("menuitem", { name: "Ignore…" }).click();
  const form = page.getByRole("dialog", { name: "Ignore this event" });
  await form.getByLabel("Whoever does it").check();
  await form.getByRole("combobox", { name: "For how long" }).click();
  await page.getByRole("option", { name: "7 days" }).click();
  await form.getByLabel("Reason").fill(reason);
  await form.getByRole("button", { name: "Ignore", exact: true }).click();
  await form.waitFor({ state: "hidden" });
  await drawer.getByText("Ignored", { exact: true }).waitFor();

  await page.goto(`${at.url}/suppressions?q=${encodeURIComponent(reason)}`);
  const row = page.getByRole("table", { name: "Suppressions" }).getByRole("row").filter({ hasText: reason });
  await row.getByText("any actor").waitFor();
  await row.getByText(/^6d 23h left$/).waitFor();
  await row.getByRole("button", { name: "Extend" }).click();
  await page.getByRole("menuitem", { name: "30 days from now" }).click();
  await row.getByText(/^29d 23h left$/).waitFor();
  await row.getByRole("button", { name: "Lift" }).click();
  await row.waitFor({ state: "hidden" });
  await call(page, "updateMaliciousEventStatus", { eventIds: [event.id], status: "ACTIVE" });
  console.log(`ok: ${event.filterId} is ignored for any actor, listed, extended and lifted`);
}
