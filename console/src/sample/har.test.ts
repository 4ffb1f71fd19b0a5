import { expect, test } from "vitest";
import { harOf } from "./har";
import { parseSample } from "./sample";

const sample = parseSample({
  ts: 1_764_000_000,
  metadata: "",
  orig: JSON.stringify({
    method: "POST",
    path: "/a?q=%3Cscript%3E&x",
    requestHeaders: '{"host":"shop.example","content-type":"application/json"}',
    requestPayload: '{"a":1}',
    responseHeaders: '{"location":"/b"}',
    responsePayload: "moved",
    statusCode: 302,
    status: "302 Found",
    destIp: "198.51.100.2",
  }),
});

test("an archive has the exchange with its query as it was sent", () => {
  const { log } = JSON.parse(JSON.stringify(harOf([sample])));
  expect(log.version).toBe("1.2");
  expect(log.entries).toHaveLength(1);
  const [{ request, response, startedDateTime }] = log.entries;
  expect(startedDateTime).toBe("2025-11-24T16:00:00.000Z");
  expect(request.url).toBe("http://shop.example/a?q=%3Cscript%3E&x");
  expect(request.queryString).toEqual([
    { name: "q", value: "%3Cscript%3E" },
    { name: "x", value: "" },
  ]);
  expect(request.postData).toEqual({ mimeType: "application/json", text: '{"a":1}' });
  expect(response).toMatchObject({ status: 302, statusText: "Found", redirectURL: "/b" });
});
