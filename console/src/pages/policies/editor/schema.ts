/** What may stand in a policy, for completion alone: what is wrong is said by the control plane. */
export interface Part {
  about?: string;
  keys?: Record<string, Part>;
  values?: readonly string[];
}

const SEVERITY = ["CRITICAL", "HIGH", "MEDIUM", "LOW"];
const DETECTORS = (
  "sqli nosqli xss oscmd wincmd traversal rfi ssrf sensitive_path ssti java php nodejs xxe ssi ldap xpath crlf " +
  "open_redirect upload smuggling session_fixation graphql jndi prototype_pollution deserialization jwt_unsigned " +
  "jwt_key jwt_expired default_credentials graphql_batch protocol score:sqli score:xss score:oscmd " +
  "score:traversal score:code score:xxe score:query score:ssrf"
).split(" ");
const SIGNS = (
  "file-contents source-code command-output value-computed template-evaluated sql-error database-dump " +
  "script-reflected cloud-metadata internal-service secrets-disclosed console-exposed directory-listing " +
  "header-injected redirect-followed file-stored session-opened stack-trace verbose-error web-shell"
).split(" ");
const SENSITIVE = (
  "card iban us-ssn aadhaar german-tax-id spanish-id french-nir uk-nino brazilian-cpf italian-tax-code " +
  "private-key access-token email"
).split(" ");
const ANOMALIES = (
  "endpoint_rate client_errors server_errors answer_size new_method new_parameter missing_auth actor_rate " +
  "identifiers"
).split(" ");
const VALUE_TYPES = "string number integer boolean uuid email ip url date jwt hex".split(" ");
const PLACES = ["url", "query_param", "request_headers", "request_payload"];

const range: Part = { keys: { gt: {}, gte: {}, lt: {}, lte: {} } };

const operators: Record<string, Part> = {
  eq: { about: "the text is one of these" },
  neq: { about: "the text is none of these" },
  ...{ gt: {}, gte: {}, lt: {}, lte: {} },
  contains_either: { about: "one of these is in it" },
  contains_all: { about: "all of these are in it" },
  not_contains: { about: "none of these is in it" },
  not_contains_either: {},
  contains_either_cidr: { about: "the address is in one of these prefixes" },
  contains_cidr: { about: "the address is in these prefixes" },
  not_contains_cidr: { about: "the address is in none of these prefixes" },
  regex: { about: "is found anywhere; no look-around" },
  regex_extract: { about: "binds the first group for later nodes" },
  extract: { about: "binds the value for later nodes" },
  contains_jwt: { about: "a JSON Web Token is in it", values: ["true"] },
  datatype: { values: ["string", "number", "boolean"] },
  valuetype: { about: "it looks like one of these", values: VALUE_TYPES },
  length: { about: "bytes", ...range },
  entropy: { about: "bits a byte", ...range },
  records: { about: "objects in the longest list of JSON", ...range },
  distinct: { about: "different values of a collection", keys: { key: {}, ...range.keys } },
  percentage_match: { about: "how much it resembles the payload before", ...range },
  detect: { about: "a grammar detector", values: DETECTORS },
};
const pair: Part = { keys: { key: { keys: operators }, value: { keys: operators } } };
const term = (about: string): Part => ({
  about,
  keys: {
    ...operators,
    for_one: { about: "one key with its value", ...pair },
    for_all: { about: "each key with its value", ...pair },
  },
});

const terms: Record<string, Part> = {
  url: term("path and query"),
  query_param: term("the query, and each parameter"),
  request_headers: term("the request's headers, and each of them"),
  request_payload: term("the request's body, and each field"),
  response_headers: term("the answer's headers"),
  response_payload: term("the answer's body"),
  response_code: term("the answer's status"),
  method: term("the method"),
  source_ip: term("the actor's address"),
  destination_ip: term("the server's address"),
  api_collection_id: term("the API collection"),
  country_code: term("where the actor's address is registered, as DE"),
  wire_fact: term("oddities of the wire"),
  detect: { about: "a detector over every place of the request", values: DETECTORS },
  response_shows: { about: "what the answer shows", values: SIGNS },
  response_holds: {
    about: "sensitive data in the answer",
    values: SENSITIVE,
    keys: { kinds: { values: SENSITIVE }, at_least: {} },
  },
};
const filter: Part = { about: "what makes a match", keys: terms };
// They hold filters again.
for (const [name, about] of [
  ["and", "all of them hold"],
  ["or", "one of them holds"],
  ["not", "it does not hold"],
] as const)
  terms[name] = { about, keys: terms };

export const POLICY: Part = {
  keys: {
    id: { about: "unique among all policies" },
    wordLists: { about: "name: [word, …], used by its name in other places" },
    filter,
    success_filter: { ...filter, about: "what it finds in the answer is evidence of success" },
    failure_filter: { ...filter, about: "makes a match, too" },
    suspect_filter: { ...filter, about: "counts only where the answer shows the evidence" },
    ignore: { ...filter, about: "takes a match back" },
    anomaly: { about: "a figure that leaves its usual range, instead of a filter", values: ANOMALIES },
    evidence: {
      about: "kinds of proof to look for in the answer",
      values: [...SIGNS, "more-than-usual", "unusual-file"],
    },
    info: {
      about: "what people should know",
      keys: {
        ...{ name: {}, description: {}, details: {}, impact: {}, remediation: {} },
        category: { keys: { name: {}, displayName: {}, shortName: {} } },
        subCategory: {},
        severity: { values: SEVERITY },
        ...{ tags: {}, references: {}, cwe: {}, cve: {}, compliance: {} },
      },
    },
    aggregation_rules: {
      about: "an event only where matches reach a count",
      keys: {
        rule: {
          keys: {
            name: {},
            condition: {
              keys: {
                matchCount: {},
                windowThreshold: { about: "minutes" },
                distinctIdentifier: {
                  about: "so many different values",
                  keys: { count: {}, source: { values: PLACES }, key: {} },
                },
              },
            },
            groupBy: { values: ["actor", "api"] },
          },
        },
      },
    },
    mode: { about: "block: also blocks the actor at once", values: ["detect", "block"] },
    block: { about: "for how long", keys: { ttl: { about: "15m, 4h, 1d" } } },
    enabled: { about: "false keeps it out of force", values: ["true", "false"] },
    examples: {
      about: "requests that test it",
      keys: { match: { about: "must match" }, no_match: { about: "must not" } },
    },
  },
};

/** The part under these keys; `undefined` where anything may stand. */
export function partAt(path: string[]): Part | undefined {
  let part: Part | undefined = POLICY;
  for (const key of path) part = part?.keys?.[key];
  return part;
}
