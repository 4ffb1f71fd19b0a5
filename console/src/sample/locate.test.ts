import { expect, test } from "vitest";
import type { Match } from "../api/types";
import { locate } from "./locate";
import { pieces } from "./MessageText";
import { requestMessage, responseMessage } from "./message";
import { parseSample } from "./sample";

const sample = parseSample({
  ts: 1,
  metadata: "",
  orig: JSON.stringify({
    method: "POST",
    path: "/é/../passwd?x=1&id=1%27+OR+1=1",
    requestHeaders: JSON.stringify({ "Content-Type": "application/json", "User-Agent": "sqlmap/1.8" }),
    requestPayload: '{"a.b": [1, {"name": "x\' OR 1=1"}], "esc": "\\u0027"}',
    statusCode: 200,
    status: "200 OK",
    responseHeaders: "{}",
    responsePayload: "root:x:0:0",
  }),
});
const request = requestMessage(sample);
const response = responseMessage(sample);

function marked(location: string, start: number, end: number, phrase = "none"): string | null {
  const match: Match = { location, start, end, phrase, detector: "test" };
  const found = locate(match, request, response);
  if (!found) return null;
  const { text } = found.side === "request" ? request : response;
  return `${found.side}: ${text.slice(found.range.start, found.range.end)}`;
}

test("a match in the path counts bytes, not characters", () => {
  expect(marked("url.path", 4, 7)).toBe("request: ../");
});

test("a match in a query parameter is found in its raw value", () => {
  expect(marked("query.id", 0, 4)).toBe("request: 1%27");
});

test("a match in a header is found whatever the case of the name", () => {
  expect(marked("request.header.user-agent", 0, 6)).toBe("request: sqlmap");
});

test("a match in a JSON leaf is found by its path, dots in keys and list items included", () => {
  expect(marked("request.body.a.b.1.name", 1, 9)).toBe("request: ' OR 1=1");
  expect(marked("request.body.a.b[1].name", 1, 9)).toBe("request: ' OR 1=1");
});

test("where an escape shifts the offsets, the whole value is meant", () => {
  expect(marked("request.body.esc", 0, 1)).toBe("request: \\u0027");
});

test("a match in the response is shown in the response", () => {
  expect(marked("response.body", 0, 8)).toBe("response: root:x:0");
});

test("an unknown place falls back to the phrase, and to nothing", () => {
  expect(marked("graphql.field", 0, 3, "OR 1=1")).toBe("request: OR 1=1");
  expect(marked("graphql.field", 0, 3)).toBeNull();
});

test("overlapping marks become one run of pieces without a gap", () => {
  const cuts = pieces("abcdef", [
    { start: 3, end: 5 },
    { start: 1, end: 4 },
  ]);
  expect(cuts.map(({ start, end, marked }) => [start, end, marked])).toEqual([
    [0, 1, false],
    [1, 4, true],
    [4, 5, true],
    [5, 6, false],
  ]);
});
