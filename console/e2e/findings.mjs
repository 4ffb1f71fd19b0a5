// What two scanners might have found at a shop, as they write it: for issues there is no traffic to replay.

/** @param {number} now epoch milliseconds */
export const sarif = (now) =>
  JSON.stringify({
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "api-scan", rules: RULES } },
        invocations: [{ executionSuccessful: true, endTimeUtc: new Date(now).toISOString() }],
        results: RESULTS.map(({ rule, method, path, message }) => ({
          ruleId: rule,
          kind: "fail",
          message: { text: message },
          webRequest: {
            ...{ method, target: `https://shop.example${path}`, protocol: "HTTP", version: "1.1" },
            headers: { host: "shop.example", accept: "application/json" },
          },
          webResponse: {
            ...{ statusCode: 200, protocol: "HTTP", version: "1.1", reasonPhrase: "OK" },
            headers: { "content-type": "application/json" },
            body: { text: '{"id": 2, "email": "<script>canary(30)</script>"}' },
          },
        })),
      },
    ],
  });

const RULES = [
  {
    id: "bola-numeric-id",
    name: "Broken object level authorization",
    shortDescription: { text: "Broken object level authorization" },
    fullDescription: { text: "Another user's object is served to whoever asks for its number." },
    help: { markdown: "Check **on every request** that the object belongs to the caller." },
    helpUri: "https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/",
    properties: { tags: ["API1:2023", "CWE-639", "authorization"], "security-severity": "9.1" },
  },
  {
    id: "excessive-data",
    shortDescription: { text: "More data than the page shows" },
    fullDescription: { text: "The answer has fields of a user that no page of the shop shows." },
    help: { text: "Answer with the fields that are needed." },
    properties: { tags: ["API3:2023", "CWE-213"], "security-severity": "6.5" },
  },
  {
    id: "no-rate-limit",
    shortDescription: { text: "No limit on attempts to log in" },
    fullDescription: { text: "A hundred wrong passwords in a row were answered as the first." },
    properties: { tags: ["API4:2023", "CWE-307"], "security-severity": "7.4" },
  },
];

const RESULTS = [
  { rule: "bola-numeric-id", method: "GET", path: "/v1/users/2", message: "User 1 was served user 2" },
  {
    rule: "bola-numeric-id",
    method: "GET",
    path: "/v1/orders/17",
    message: "User 1 was served an order of user 2",
  },
  {
    rule: "bola-numeric-id",
    method: "PATCH",
    path: "/v1/orders/17",
    message: "User 1 changed an order of user 2",
  },
  { rule: "excessive-data", method: "GET", path: "/v1/users/2", message: "passwordHash, birthday" },
  {
    rule: "no-rate-limit",
    method: "POST",
    path: "/login",
    message: "100 of 100 attempts were answered with 401",
  },
];

/** @param {number} now epoch milliseconds */
export const nuclei = (now) =>
  [
    ["git-config", "Git configuration exposed", "medium", "/.git/config", ["exposure", "git"], "cwe-200"],
    [
      "cors-misconfig",
      "Any origin may read the answers",
      "low",
      "/v2/cart",
      ["cors", "misconfig"],
      "cwe-942",
    ],
    ["swagger-api", "API document open to everybody", "low", "/openapi.json", ["exposure", "api"], "cwe-200"],
    ["graphql-introspection", "GraphQL tells its schema", "medium", "/graphql", ["graphql"], "cwe-200"],
  ]
    .map(([id, name, severity, path, tags, cwe]) =>
      JSON.stringify({
        "template-id": id,
        info: {
          ...{ name, severity, tags, description: `${name}.`, reference: ["https://example.com/"] },
          classification: { "cve-id": null, "cwe-id": [cwe] },
        },
        ...{ type: "http", host: "shop.example", "matched-at": `https://shop.example${path}` },
        request: `GET ${path} HTTP/1.1\r\nHost: shop.example\r\n\r\n`,
        response: "HTTP/1.1 200 OK\r\n\r\n<img src=x onerror=canary(31)>",
        ...{ timestamp: new Date(now).toISOString(), "matcher-status": true },
      }),
    )
    .join("\n");
