import assert from "node:assert/strict";
import { call } from "../console.mjs";
import { nuclei, sarif } from "../findings.mjs";

/**
 * Two scanners' files are imported, one finding is marked false positive, stays so after another scan, and is opened again.
 *
 * @param {import("playwright-core").Page} page
 * @param {{ url: string }} at
 */
export async function judgeIssue(page, at) {
  await page.goto(`${at.url}/issues`);
  for (const [name, text] of [
    ["SARIF", sarif(Date.now() - 60_000)],
    ["nuclei's JSON lines", nuclei(Date.now() - 60_000)],
  ]) {
    await page.getByRole("button", { name: "Import" }).click();
    const form = page.getByRole("dialog", { name: "Import findings" });
    await form.getByLabel("Or paste it").fill(text ?? "");
    await form.getByText(`Read as ${name}`).waitFor();
    await form.getByRole("button", { name: "Check" }).click();
    await form.getByRole("button", { name: /^Import \d findings$/ }).click();
    await form.waitFor({ state: "hidden" });
  }
  const { issues } = await call(page, "fetchIssues", { hosts: ["shop.example"], method: ["PATCH"] });
  const id = issues[0]?.issueId;
  assert.equal(issues.length, 1, "the PATCH of orders is one issue");
  await call(page, "bulkUpdateIssueStatus", { issueIds: [id], status: "OPEN" });

  const rows = page.getByRole("table", { name: "Issues", exact: true }).getByRole("row");
  await rows.filter({ hasText: "PATCH shop.example" }).getByRole("link").click();
  await page.waitForURL((address) => address.pathname === `/issues/${id}`);
  const drawer = page.getByRole("dialog", { name: "Issue", exact: true });
  await drawer.getByText("<script>canary(30)</script>").waitFor();
  await drawer.getByRole("link", { name: "CWE-639" }).waitFor();
  await drawer.getByRole("button", { name: "Ignore…" }).click();
  const form = page.getByRole("dialog", { name: "Ignore this issue" });
  await form.getByLabel("False positive").check();
  await form.getByLabel("Note").fill("the scanner shared an account");
  await form.getByRole("button", { name: "Ignore", exact: true }).click();
  await drawer.getByText(/^Ignored by .*: False positive$/).waitFor();

  const again = { format: "sarif", document: sarif(Date.now()), dryRun: false };
  const { created } = await call(page, "importIssues", again);
  assert.equal(created, 0, "the same finding is the same issue");
  await page.goto(`${at.url}/issues?tab=ignored`);
  await rows.filter({ hasText: "PATCH shop.example" }).getByRole("checkbox").check();
  await page
    .getByRole("toolbar", { name: "Chosen issues" })
    .getByRole("button", { name: "Open again" })
    .click();
  await rows.filter({ hasText: "PATCH shop.example" }).waitFor({ state: "hidden" });
  const open = await call(page, "fetchIssues", { issueIds: [id], statusFilter: "OPEN" });
  assert.equal(open.total, 1);
  console.log(
    "ok: an issue of a scan is marked false positive, stays so after the next scan, and is opened again",
  );
}
