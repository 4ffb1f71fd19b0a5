import { expect, test } from "vitest";
import { touchedOf } from "./touched";

test("an endpoint is a method, a host and a path, and the most attacked comes first", () => {
  const attempt = (method: string, url: string, host = "shop.example") => ({
    ...({ method, url, host, severity: "LOW", subCategory: "XSS", detectedAt: 1, metadata: "" } as const),
  });
  const touched = touchedOf([attempt("GET", "/a"), attempt("POST", "/a"), attempt("POST", "/a")]);
  expect(touched).toEqual([
    { method: "POST", host: "shop.example", url: "/a", count: 2 },
    { method: "GET", host: "shop.example", url: "/a", count: 1 },
  ]);
});
