// Logs in to a running console, looks at an attack whose payload is markup, and blocks its actor.
//
// The control plane must hold at least one event whose request or response has a script element or `onerror=` in it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { call, inBrowser, logIn, logInAs, logOut, target } from "./console.mjs";
import { drillDown } from "./steps/drill.mjs";
import { filterEvents } from "./steps/filter.mjs";
import { ignoreAndLift } from "./steps/ignore.mjs";
import { judgeIssue } from "./steps/issues.mjs";
import { importList } from "./steps/lists.mjs";
import { seeItLive } from "./steps/live.mjs";
import { editPolicy } from "./steps/policy.mjs";

const MARKUP = /(<|%3c)script|onerror\s*=/i;
const SEARCHED = 200;
// Pages ask again and again: there is no moment without a request to wait for.
const SETTLE_MS = 1_000;

const at = target();
const trouble = await inBrowser({ width: 1280, height: 800 }, async (page) => {
  await logIn(page, at);
  console.log("ok: logged in");

  const { event, markup } = await markupEvent(page);
  await page.goto(`${at.url}/activity/${event.id}?view=values`);
  const drawer = page.getByRole("dialog", { name: "Event" });
  const messages = drawer.getByRole("region", { name: /^(Request|Response)$/ });
  await messages.first().waitFor();
  const shown = (await messages.allTextContents()).join("\n");
  assert.match(shown, MARKUP, "the payload is not shown");
  const alive = await messages.locator("script, img, svg, iframe, a").count();
  assert.equal(alive, 0, "the payload became elements");
  console.log(`ok: the payload is shown as text: ${markup}`);

  assert.ok((await messages.locator("mark").count()) > 0, "nothing in the messages is marked");
  console.log("ok: what matched is marked");

  for (const tab of ["Timeline", "Remediation", "Overview"]) {
    await drawer.getByRole("tab", { name: tab }).click();
    await drawer.getByRole("tabpanel").locator("> *").first().waitFor();
  }
  console.log("ok: every tab of the drawer opens");

  const unblock = drawer.getByRole("button", { name: "Unblock" });
  await drawer.getByRole("button", { name: /^(Block IP|Unblock)$/ }).waitFor();
  if (await unblock.isVisible()) await unblock.click();

  await drawer.getByRole("button", { name: "Block IP" }).click();
  await page.getByRole("button", { name: `Block ${event.actor}` }).click();
  const applied = await drawer.getByText(/applied on ([1-9]\d*) of \1 sensors?/).textContent();
  console.log(`ok: ${event.actor} is blocked, ${applied}`);

  await unblock.click();
  await drawer.getByRole("button", { name: "Block IP" }).waitFor();
  console.log("ok: and unblocked again");

  await page.goto(`${at.url}/activity?range=all&actor=${encodeURIComponent(JSON.stringify([event.actor]))}`);
  const rows = page.getByRole("table", { name: "Threat activity" });
  const choice = rows.getByRole("checkbox", { name: `from ${event.actor}` }).first();
  await choice.check();
  await page.getByText("1 chosen").waitFor();
  await page.getByRole("button", { name: "Mark for review" }).click();
  // What is said of it closes by itself, and may be gone before a slow machine looks: the list is what lasts.
  await page.getByText("1 chosen").waitFor({ state: "hidden" });
  await page.getByRole("tab", { name: /^Under review/ }).click();
  await choice.check();
  await page.getByRole("button", { name: "Back to Active" }).click();
  await page.getByText("1 chosen").waitFor({ state: "hidden" });
  await page.getByRole("tab", { name: /^Active/ }).click();
  await choice.waitFor();
  console.log("ok: an event is chosen, moved to review and back");

  await page.getByRole("button", { name: "Export" }).click();
  const [events] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("menuitem", { name: /^CSV/ }).click(),
  ]);
  const lines = (await readFile(await events.path(), "utf8")).trimEnd().split("\r\n");
  const { total } = await call(page, "fetchSuspectSampleData", {
    ...{ ips: [event.actor], statusFilter: "ACTIVE", limit: 0 },
  });
  assert.equal(lines.length - 1, total, "the export has other rows than the list");
  console.log(`ok: the export has the ${total} rows of the filter`);

  await filterEvents(page, at, event);
  await drillDown(page, at);
  await ignoreAndLift(page, at, event);
  await importList(page, at);
  await judgeIssue(page, at);
  await editPolicy(page, at);
  await seeItLive(page, at, event);

  for (const [link, heading] of [
    ["Overview", "Overview"],
    ["Threat actors", "Threat actors"],
    ["Threat APIs", "Threat APIs"],
    ["Issues", "Issues"],
    ["API inventory", "API inventory"],
    ["Settings", "Settings"],
    ["Policies", "Policies"],
    ["Suppressions", "Suppressions"],
    ["Blocklist", "Blocklist"],
    ["Sensors", "Sensors"],
    ["Audit log", "Audit log"],
  ]) {
    await page.getByRole("navigation").getByRole("link", { name: link, exact: true }).click();
    await page.getByRole("heading", { level: 1, name: heading }).waitFor();
    await page.waitForTimeout(SETTLE_MS);
    assert.equal(await page.getByRole("main").getByRole("alert").count(), 0, `${heading} shows an error`);
  }
  console.log("ok: every page opens without an error");

  await page.getByRole("main").getByText("removeBlock").first().waitFor();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "CSV" }).click(),
  ]);
  const csv = await readFile(await file.path(), "utf8");
  assert.match(csv, /^seq,at,kind,who,/);
  assert.ok(csv.includes(`addBlock,${event.actor}/32`), "the block is not in the export");
  console.log("ok: the audit log tells of the block, and is saved as CSV");

  const person = { name: `e2e-${Date.now()}`, password: `e2e ${crypto.randomUUID()}` };
  await call(page, "addUser", { ...person, role: "viewer" });
  await logOut(page);
  await logInAs(page, person);
  await page.getByRole("button", { name: person.name }).click();
  await page.getByText("Role: viewer").waitFor();
  console.log("ok: a new user logs in with name and password");

  const next = `changed ${crypto.randomUUID()}`;
  await page.getByRole("menuitem", { name: "Change password" }).click();
  const dialog = page.getByRole("dialog", { name: "Change password" });
  await dialog.getByLabel("Current password").fill(person.password);
  await dialog.getByLabel("New password", { exact: false }).first().fill(next);
  await dialog.getByLabel("New password once more").fill(next);
  await dialog.getByRole("button", { name: "Change password" }).click();
  await dialog.waitFor({ state: "hidden" });
  await logOut(page);
  await logInAs(page, person);
  await page.getByText("The name or the password is wrong").waitFor();
  await logInAs(page, { ...person, password: next });
  await page.getByRole("button", { name: person.name }).waitFor();
  console.log("ok: and changes the password, after which the old one opens nothing");

  await logOut(page);
  await logIn(page, at);
  await call(page, "removeUser", { name: person.name });
});

if (trouble.length > 0) {
  console.error(trouble.map((line) => `failed: ${line}`).join("\n"));
  process.exit(1);
}
console.log("ok: no dialog, no exception, no CSP violation, no request to elsewhere");

/** @param {import("playwright-core").Page} page */
async function markupEvent(page) {
  const { maliciousEvents } = await call(page, "fetchSuspectSampleData", {
    limit: SEARCHED,
    sort: { detectedAt: -1 },
  });
  for (const event of maliciousEvents) {
    const { refId, eventType, actor, filterId } = event;
    const reply = await call(page, "fetchAggregateMaliciousRequests", { refId, eventType, actor, filterId });
    for (const { orig } of reply.maliciousPayloadsResponses ?? []) {
      const { path, requestPayload, responsePayload } = JSON.parse(orig);
      const markup = [path, requestPayload, responsePayload].find((text) => MARKUP.test(text ?? ""));
      if (markup) return { event, markup: markup.slice(0, 100) };
    }
  }
  throw new Error(`none of the latest ${SEARCHED} events has markup in it: send an XSS attack first`);
}
