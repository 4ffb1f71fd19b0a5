import { expect, test } from "vitest";
import { parsePasted } from "./paste";

test("raw HTTP is read with its body, and with the answer that follows", () => {
  const pasted = parsePasted(
    'POST /login HTTP/1.1\nHost: shop.example\nContent-Type: application/json\n\n{"name": "x"}\n\nHTTP/1.1 401 Unauthorized\nServer: nginx\n\nno',
  );
  const sample = "sample" in pasted ? JSON.parse(pasted.sample) : {};
  expect(sample).toMatchObject({ method: "POST", path: "/login", statusCode: 401, responsePayload: "no" });
  expect(sample.requestPayload).toBe('{"name": "x"}');
  expect(JSON.parse(sample.requestHeaders)).toEqual({
    host: "shop.example",
    "content-type": "application/json",
  });
});

test("a request line alone does, and JSON goes as it is", () => {
  expect(parsePasted("GET /search?q=1")).toMatchObject({ sample: expect.stringContaining("/search?q=1") });
  expect(parsePasted('{"method": "GET"}')).toEqual({ sample: '{"method": "GET"}' });
});

test("what is neither says so", () => {
  expect(parsePasted("  ")).toEqual({ problem: "is empty" });
  expect(parsePasted("hello")).toHaveProperty("problem");
  expect(parsePasted("{")).toHaveProperty("problem");
});
