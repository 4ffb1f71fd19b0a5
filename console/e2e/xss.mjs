// Looks at every page that shows what attack.mjs has sent since PORTCULLIS_SINCE, in epoch seconds: none of it may come alive.
import assert from "node:assert/strict";
import { call, inBrowser, logIn, target } from "./console.mjs";
import { PAYLOADS } from "./payloads.mjs";

const VIEWS = ["values", "timeline", "remediation", "overview"];

const at = target();
const began = Number(process.env["PORTCULLIS_SINCE"]);
if (!began) {
  console.error("PORTCULLIS_SINCE must say when e2e/attack.mjs began to send, in epoch seconds.");
  process.exit(64);
}

const trouble = await inBrowser({ width: 1280, height: 800 }, async (page) => {
  /** @type {string[]} */
  const alive = [];
  await page.exposeFunction("canary", (/** @type {unknown} */ which) => alive.push(`canary ${which}`));
  await page.addInitScript(() => {
    const tell = /** @type {{ canary?: (which: string) => void }} */ (/** @type {unknown} */ (window));
    for (const name of ["alert", "confirm", "prompt", "print", "open"])
      Object.defineProperty(window, name, { value: () => tell.canary?.(name) });
    addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
      tell.canary?.(`${effectiveDirective} ${blockedURI}`),
    );
  });

  const document = await page.goto(`${at.url}/login`);
  const policy = document?.headers()["content-security-policy"] ?? "";
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe-/);
  console.log("ok: the Content Security Policy allows nothing unsafe");

  await logIn(page, at);
  const events = await stored(page);
  console.log(`ok: ${events.length} events are stored`);
  assert.ok(
    events.length >= PAYLOADS.length,
    "most payloads raised no event: does the sensor watch the server?",
  );

  for (const path of [
    "/activity?range=1h",
    "/activity?range=1h&sort=oldest",
    "/?range=1h",
    "/apis?range=1h",
  ]) {
    await page.goto(at.url + path);
    await page.waitForLoadState("networkidle");
  }
  await page.goto(`${at.url}/activity?range=1h`);
  let shown = 0;
  for (const [index, { id }] of events.entries()) {
    // Every tab for some, the one with the request and the response for all.
    for (const view of index % 20 === 0 ? VIEWS : VIEWS.slice(0, 1)) {
      await page.evaluate((address) => {
        history.pushState({}, "", address);
        dispatchEvent(new PopStateEvent("popstate"));
      }, `/activity/${id}?range=1h&view=${view}`);
      const drawer = page.getByRole("dialog", { name: "Event" });
      await drawer.getByRole("tabpanel").locator("> *").first().waitFor();
      if (view !== "values") continue;
      const messages = drawer.getByRole("region", { name: /^(Request|Response)$/ });
      await messages.first().waitFor();
      const made = await messages.locator(":not(mark, span)").count();
      assert.equal(made, 0, `event ${id} became elements`);
      shown += 1;
    }
  }
  await page.waitForTimeout(500);
  assert.deepEqual(alive, [], "payloads came alive");
  console.log(`ok: ${shown} requests with their responses are shown as text, and no canary fired`);
});

if (trouble.length > 0) {
  console.error(trouble.map((line) => `failed: ${line}`).join("\n"));
  process.exit(1);
}
console.log("ok: no dialog, no exception, no CSP violation, no request to elsewhere");

/**
 * The events of what was sent, once no more come.
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<{ id: string }[]>}
 */
async function stored(page) {
  for (let before = -1, asked = 0; asked < 40; asked += 1) {
    const filter = { startTimestamp: began, limit: 1_000, sort: { detectedAt: -1 } };
    const { maliciousEvents } = await call(page, "fetchSuspectSampleData", filter);
    if (maliciousEvents.length > 0 && maliciousEvents.length === before) return maliciousEvents;
    before = maliciousEvents.length;
    await page.waitForTimeout(1_500);
  }
  return [];
}
