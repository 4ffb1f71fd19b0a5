import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { captureOf } from "./capture";
import { addressBytes } from "./capture/address";
import { parseSample } from "./sample";

const sampleOf = (ip: string, destIp: string) =>
  parseSample({
    ts: 1_764_000_000,
    metadata: "",
    orig: JSON.stringify({
      ...{ method: "POST", path: "/a?q=%3Cscript%3E", ip, destIp },
      requestHeaders:
        '{"host":"shop.example:8080","content-length":"9999","content-type":"application/json"}',
      requestPayload: `{"a":"${"ä".repeat(2_000)}"}`,
      responseHeaders: '{"transfer-encoding":"chunked","content-type":"text/html"}',
      responsePayload: "<img src=x>",
      ...{ statusCode: 403, status: "403 Forbidden", type: "HTTP/1.1" },
    }),
  });

const hasTshark = spawnSync("tshark", ["--version"]).status === 0;

test.skipIf(!hasTshark).each([
  ["203.0.113.9", "198.51.100.2", "ip"],
  ["2001:db8::9", "2001:db8::2", "ipv6"],
])("another tool reads a connection of %s with right checksums and both messages", (ip, destIp, layer) => {
  const file = captureOf(sampleOf(ip, destIp), "made up: ports");
  const folder = mkdtempSync(join(tmpdir(), "pcapng-"));
  try {
    const path = join(folder, "event.pcapng");
    writeFileSync(path, file as Uint8Array);
    const read = (filter: string, ...fields: string[]) =>
      execFileSync(
        "tshark",
        [
          ...[
            "-r",
            path,
            "-o",
            "tcp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
            "-d",
            "tcp.port==8080,http",
          ],
          ...["-Y", filter, "-T", "fields", "-E", "separator=|", ...fields.flatMap((field) => ["-e", field])],
        ],
        { stdio: ["ignore", "pipe", "ignore"] },
      )
        .toString()
        .trim();
    expect(read("_ws.malformed || tcp.checksum.status == 0 || tcp.analysis.flags", "frame.number")).toBe("");
    const request = read(
      "http.request",
      `${layer}.src`,
      "http.request.uri",
      "http.content_length",
      "frame.time_epoch",
    );
    expect(request).toMatch(`${ip}|/a?q=%3Cscript%3E|4008|1764000000.`);
    expect(read("http.response", `${layer}.src`, "http.response.code", "http.content_length")).toBe(
      `${destIp}|403|11`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("without two addresses of one family there is no connection to tell of", () => {
  expect(captureOf(sampleOf("203.0.113.9", ""), "")).toBeNull();
  expect(captureOf(sampleOf("203.0.113.9", "2001:db8::1"), "")).toBeNull();
  expect(addressBytes("203.0.113.256")).toBeNull();
  expect([...(addressBytes("::ffff:1.2.3.4") ?? [])].slice(10)).toEqual([255, 255, 1, 2, 3, 4]);
});
