import { expect, test } from "vitest";
import { explained } from "./tags";

test.each([
  ["CWE-79", "https://cwe.mitre.org/data/definitions/79.html"],
  ["CVE-2021-44228", "https://www.cve.org/CVERecord?id=CVE-2021-44228"],
  ["API1:2023", "https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/"],
  ["OWASP-API10", "https://owasp.org/API-Security/editions/2023/en/0xaa-unsafe-consumption-of-apis/"],
  ["A03:2021", "https://owasp.org/Top10/A03_2021-Injection/"],
])("%s is explained", (tag, where) => expect(explained(tag)).toBe(where));

test.each(["exposure", "api", "API11:2023", "API0", "a1b", "cwe-", "CWE-79/../x"])(
  "%s is only a word",
  (tag) => expect(explained(tag)).toBeUndefined(),
);
