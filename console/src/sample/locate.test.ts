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
    path: "/é/../passwd?x=1&x=7&id=1%27+OR+1=1",
    requestHeaders: JSON.stringify({ "Content-Type": "application/json", "User-Agent": "sqlmap/1.8" }),
    requestPayload:
      '{"a.b": [1, {"name": "x\' OR 1=1"}], "esc": "\\u0027", "tags": ["one", "two"], "raw": "\ufffdx"}',
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

test("a match in a JSON leaf is found by its path, dots in names and list items included", () => {
  expect(marked("request.body.a.b[].name", 1, 9, "' or 1=1")).toBe("request: ' OR 1=1");
});

test("of several list items or parameters the one with the phrase is meant", () => {
  expect(marked("request.body.tags[]", 0, 3, "two")).toBe("request: two");
  expect(marked("query.x", 0, 1, "7")).toBe("request: 7");
});

test("a match in a name marks the name", () => {
  expect(marked("request.body.esc (name)", 0, 3)).toBe("request: esc");
  expect(marked("query.id (name)", 0, 2)).toBe("request: id");
});

test("a leaf of a document inside a parameter counts from the start of the parameter", () => {
  expect(marked("query.id.inner", 0, 1)).toBe("request: 1");
});

test("escapes count as they were sent", () => {
  expect(marked("request.body.esc", 0, 6)).toBe("request: \\u0027");
});

test("where bytes were no text, the whole value is meant", () => {
  expect(marked("request.body.raw", 0, 1)).toBe("request: \ufffdx");
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
