import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { curlCommand, quoted } from "./curl";
import { rawRequest } from "./raw-request";
import type { Sample } from "./sample";

const sample: Sample = {
  method: "GET",
  path: "/files/../../etc/passwd?q='$(id)'",
  protocol: "HTTP/1.1",
  requestHeaders: [
    ["host", "shop.example"],
    ["x-note", "it's `here`"],
  ],
  requestBody: "",
  statusCode: 200,
  status: "200 OK",
  responseHeaders: [],
  responseBody: "",
  ip: "203.0.113.9",
  destIp: "198.51.100.2",
  vxlanId: "",
  at: 0,
};

/** What a POSIX shell with ANSI-C quotes makes of the command's words. */
function wordsOf(command: string): string[] {
  const script = `set -- ${command}\nfor word; do printf '%s\\0' "$word"; done`;
  return execFileSync("bash", ["-c", script]).toString("utf8").split("\0").slice(0, -1);
}

test("the shell hands curl the request as it was, and runs nothing of it", () => {
  expect(wordsOf(curlCommand(sample))).toEqual([
    ...["curl", "--path-as-is", "--globoff", "--include", "--request", "GET"],
    "http://shop.example/files/../../etc/passwd?q='$(id)'",
    ...["--header", "x-note: it's `here`"],
  ]);
});

test("a body with quotes, line breaks and terminal escapes survives as the same bytes", () => {
  const body = "a'b\\c\r\n\u001b[201~;id\u0085é";
  expect(quoted(body)).not.toContain("\u001b");
  expect(wordsOf(`curl ${quoted(body)}`)).toEqual(["curl", body]);
});

test("a Host that is no host goes into a header and not into the address", () => {
  const command = curlCommand({ ...sample, path: "/", requestHeaders: [["Host", "evil.example/@x?"]] });
  expect(wordsOf(command)).toContain("http://198.51.100.2/");
  expect(wordsOf(command)).toContain("Host: evil.example/@x?");
});

test("a target that is no path is sent as the target, to the host of the request", () => {
  const words = wordsOf(curlCommand({ ...sample, path: "http://169.254.169.254/latest" }));
  expect(words).toContain("http://shop.example/");
  expect(words[words.indexOf("--request-target") + 1]).toBe("http://169.254.169.254/latest");
});

test("a header whose name is no token is left out, since curl would read it otherwise", () => {
  expect(curlCommand({ ...sample, requestHeaders: [["@/etc/passwd", "x"]] })).not.toContain("@/etc");
});

test("the raw request ends its lines as HTTP does", () => {
  expect(rawRequest({ ...sample, requestBody: "a=1" })).toBe(
    "GET /files/../../etc/passwd?q='$(id)' HTTP/1.1\r\nhost: shop.example\r\nx-note: it's `here`\r\n\r\na=1",
  );
});
