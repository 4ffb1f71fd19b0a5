import { expect, test } from "vitest";
import { decoded, decodedSample } from "./decode";
import type { Sample } from "./sample";

test.each([
  ["%3Cscript%3E", "<script>"],
  ["%253Cscript%253E", "<script>"],
  ["%u003Cb%u003E", "<b>"],
  ["&lt;b&#x3e;&#60;", "<b><"],
  ["%C3%A9", "é"],
  ["100% of it", "100% of it"],
  ["&#xffffff;", "&#xffffff;"],
  ["%25252525", "%25"],
])("%s reads as %s", (text, read) => {
  expect(decoded(text)).toBe(read);
});

test("a JSON body is laid out with its escapes resolved, and one that was cut stays", () => {
  const sample = {
    path: "/a%20b",
    requestBody: '{"q":"\\u003cb\\u003e"}',
    responseBody: '{"cut": ',
  } as Sample;
  expect(decodedSample(sample)).toMatchObject({
    path: "/a b",
    requestBody: '{\n  "q": "<b>"\n}',
    responseBody: '{"cut": ',
  });
});

test("a body nested a hundred thousand deep is shown as it is", () => {
  const body = "[".repeat(100_000) + "]".repeat(100_000);
  expect(
    decodedSample({ path: "/", requestBody: body, responseBody: "" } as Sample).requestBody.length,
  ).toBeGreaterThan(0);
});
