/** Where a name of a weakness is explained, or nothing where nobody is known to. */
export function explained(tag: string): string | undefined {
  const [, cwe] = /^cwe-?(\d+)$/i.exec(tag) ?? [];
  if (cwe) return `https://cwe.mitre.org/data/definitions/${cwe}.html`;
  if (/^cve-\d{4}-\d{4,}$/i.test(tag)) return `https://www.cve.org/CVERecord?id=${tag.toUpperCase()}`;
  const [, api] = /(?:^|owasp[- ]?)api-?0?(\d{1,2})(?:[:-]?2023)?$/i.exec(tag) ?? [];
  if (api) return page(OWASP_API, API_2023[Number(api) - 1]);
  const [, top] = /(?:^|owasp[- ]?)a0?(\d{1,2})(?:[:-]?2021)?$/i.exec(tag) ?? [];
  if (top) return page(OWASP_TOP, TOP_2021[Number(top) - 1]);
  return undefined;
}

const page = (site: string, name: string | undefined) => (name === undefined ? undefined : `${site}${name}/`);

const OWASP_API = "https://owasp.org/API-Security/editions/2023/en/";
const API_2023 = [
  "0xa1-broken-object-level-authorization",
  "0xa2-broken-authentication",
  "0xa3-broken-object-property-level-authorization",
  "0xa4-unrestricted-resource-consumption",
  "0xa5-broken-function-level-authorization",
  "0xa6-unrestricted-access-to-sensitive-business-flows",
  "0xa7-server-side-request-forgery",
  "0xa8-security-misconfiguration",
  "0xa9-improper-inventory-management",
  "0xaa-unsafe-consumption-of-apis",
];

const OWASP_TOP = "https://owasp.org/Top10/";
const TOP_2021 = [
  "A01_2021-Broken_Access_Control",
  "A02_2021-Cryptographic_Failures",
  "A03_2021-Injection",
  "A04_2021-Insecure_Design",
  "A05_2021-Security_Misconfiguration",
  "A06_2021-Vulnerable_and_Outdated_Components",
  "A07_2021-Identification_and_Authentication_Failures",
  "A08_2021-Software_and_Data_Integrity_Failures",
  "A09_2021-Security_Logging_and_Monitoring_Failures",
  "A10_2021-Server-Side_Request_Forgery_%28SSRF%29",
];
