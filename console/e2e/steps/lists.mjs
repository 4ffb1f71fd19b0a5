import { call } from "../console.mjs";

// TEST-NET-2 (RFC 5737): nobody's traffic.
const GOOD = ["198.51.100.7", "198.51.100.64/27"];

/**
 * A list is looked through line by line, imported, and lifted again.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 */
export async function importList(page, at) {
  const reason = `e2e ${crypto.randomUUID()}`;
  await page.goto(`${at.url}/blocklist`);
  await page.getByRole("button", { name: "Import" }).click();
  const form = page.getByRole("dialog", { name: "Block a list" });
  await form.getByLabel("Or paste it").fill(`# a feed\n${GOOD[0]}\n198.51.100.300\n${GOOD[1]}, ${reason}\n`);
  await form.getByLabel("Reason").fill(reason);
  await form.getByRole("button", { name: "Check" }).click();
  await form.getByRole("table", { name: "Lines that cannot be used" }).getByText("line 3").waitFor();
  await form.getByRole("button", { name: "Import 2 entries" }).click();
  await form.waitFor({ state: "hidden" });

  await page.goto(`${at.url}/blocklist?q=${encodeURIComponent(reason)}`);
  const rows = page.getByRole("table", { name: "Blocklist" }).getByRole("row").filter({ hasText: reason });
  await rows.nth(1).waitFor();
  for (const cidr of [`${GOOD[0]}/32`, GOOD[1]]) await call(page, "removeBlock", { cidr });
  await rows.first().waitFor({ state: "hidden" });
  console.log("ok: of a list with a mistake in line 3 the other two are blocked, and lifted again");

  await page.getByRole("tab", { name: "Never blocked" }).click();
  await page.getByRole("button", { name: "Allow an address" }).click();
  const allow = page.getByRole("dialog", { name: "Allow an address" });
  await allow.getByLabel("Address or prefix").fill(GOOD[1] ?? "");
  await allow.getByRole("button", { name: "Allow" }).click();
  await allow.waitFor({ state: "hidden" });
  const allowed = page
    .getByRole("table", { name: "Never blocked" })
    .getByRole("row")
    .filter({ hasText: GOOD[1] ?? "" });
  await allowed.getByRole("button", { name: "Remove" }).click();
  await allowed.waitFor({ state: "hidden" });
  console.log("ok: a prefix is allowed, and no longer");
}
