// Sends attacks with markup and scripts to a server that a sensor watches, PORTCULLIS_TARGET: payloads of our own, and with
// the corpus beside the checkout (../shared, or $PORTCULLIS_SHARED) its requests, too: PORTCULLIS_XSS of them, 150 where unset.
import { existsSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { PAYLOADS } from "./payloads.mjs";

const SHARED = process.env["PORTCULLIS_SHARED"] ?? fileURLToPath(new URL("../../../shared", import.meta.url));
const CORPUS = join(SHARED, "corpus/dev.jsonl.gz");
const FROM_CORPUS = Number(process.env["PORTCULLIS_XSS"] ?? 150);

const OWN = new Set(["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade"]);

const server = process.env["PORTCULLIS_TARGET"];
if (!server) {
  console.error("PORTCULLIS_TARGET must name an HTTP server that a sensor watches.");
  process.exit(64);
}

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
    console.log(`skipped: the corpus is not at ${CORPUS}`);
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
