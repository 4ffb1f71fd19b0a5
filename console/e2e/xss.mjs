// Sends attacks through a sensor, and looks at every page that shows them: none may come alive.
//
// Besides the console it needs PORTCULLIS_TARGET, the address of an HTTP server that a sensor watches. With the corpus
// beside the checkout (../shared, or $PORTCULLIS_SHARED) its requests are sent, too: PORTCULLIS_XSS of them, 150 where unset.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { call, inBrowser, logIn, target } from "./console.mjs";
import { PAYLOADS } from "./payloads.mjs";

const SHARED = process.env["PORTCULLIS_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const CORPUS = join(SHARED, "corpus/dev.jsonl.gz");
const FROM_CORPUS = Number(process.env["PORTCULLIS_XSS"] ?? 150);
const VIEWS = ["values", "timeline", "remediation", "overview"];

const OWN = new Set(["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"]);

const at = target();
const server = process.env["PORTCULLIS_TARGET"];
if (!server) {
  console.error("PORTCULLIS_TARGET must name an HTTP server that a sensor watches.");
  process.exit(64);
}

const began = Math.floor(Date.now() / 1_000) - 1;
let sent = 0;
for (const payload of PAYLOADS) {
  const value = encodeURIComponent(payload);
  await send({ method: "GET", path: `/search/${value}?q=${value}`, headers: { "user-agent": payload } });
  await send({
    method: "POST",
    path: "/comments",
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ text: payload, [payload]: 1 })),
  });
}
console.log(`ok: ${PAYLOADS.length} payloads of our own are sent, each in four places`);
for (const one of corpus()) await send(one);
console.log(`ok: ${sent} requests are sent`);

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

/** @param {{ method: string, path: string, headers: Record<string, string>, body?: Buffer }} one */
function send({ method, path, headers, body }) {
  return new Promise((resolve) => {
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.has(name.toLowerCase())));
    const address = new URL(/** @type {string} */ (server));
    try {
      const { hostname, port } = address;
      const out = request(
        { hostname, port, method, path, headers: latin(kept), timeout: 5_000 },
        (answer) => {
          answer.resume();
          answer.on("end", resolve);
          answer.on("error", resolve);
        },
      );
      out.on("error", resolve);
      out.on("timeout", () => out.destroy());
      out.end(body);
      sent += 1;
    } catch {
      // A target or a header that Node does not send: it is not the subject here.
      resolve(undefined);
    }
  });
}

/** @param {Record<string, string>} headers */
function latin(headers) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?")]),
  );
}

function corpus() {
  if (!existsSync(CORPUS)) {
    console.error(`skipped: the corpus is not at ${CORPUS}`);
    if (process.env["PORTCULLIS_REQUIRE_ALL"] === "1") process.exit(1);
    return [];
  }
  const lines = gunzipSync(readFileSync(CORPUS)).toString("utf8").split("\n");
  const requests = lines
    .filter((line) => line.includes('"xss"'))
    .map((line) => JSON.parse(line))
    .filter((one) => one.label === "attack" && one.class === "xss")
    .map(({ request: { method, path, headers, body_base64 } }) => ({
      ...{ method, path, headers },
      ...(body_base64 ? { body: Buffer.from(body_base64, "base64") } : {}),
    }));
  const step = Math.max(1, Math.floor(requests.length / FROM_CORPUS));
  return requests.filter((_, index) => index % step === 0).slice(0, FROM_CORPUS);
}

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
