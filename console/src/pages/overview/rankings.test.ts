import { expect, test } from "vitest";
import type { Policy, ThreatApi } from "../../api/types";
import { byHost, policiesOf } from "./rankings";

const policy = (id: string, subCategory: string) => ({ id, info: { subCategory } }) as Policy;

test("a sub-category stands for the policies that carry it, and an unknown one never for all", () => {
  const known = [policy("a", "XSS"), policy("b", "SQLI"), policy("c", "XSS")];
  expect(policiesOf(known, "XSS")).toEqual(["a", "c"]);
  expect(policiesOf(known, "gone")).toEqual(["gone"]);
});

test("a host's attacks are those of all its endpoints", () => {
  const api = (host: string, requestsCount: number) => ({ host, requestsCount }) as ThreatApi;
  expect(byHost([api("a", 3), api("b", 5), api("a", 4)])).toEqual([
    { host: "a", count: 7 },
    { host: "b", count: 5 },
  ]);
});
