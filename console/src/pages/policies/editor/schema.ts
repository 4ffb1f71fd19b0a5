import { policies as t } from "../../../texts/policies";
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
  eq: { about: t.theTextIsOne },
  neq: { about: t.theTextIsNone },
  ...{ gt: {}, gte: {}, lt: {}, lte: {} },
  contains_either: { about: t.oneOfTheseIs },
  contains_all: { about: t.allOfTheseAre },
  not_contains: { about: t.noneOfTheseIs },
  not_contains_either: {},
  contains_either_cidr: { about: t.theAddressIsIn },
  contains_cidr: { about: t.theAddressIsInThese },
  not_contains_cidr: { about: t.theAddressIsInNone },
  regex: { about: t.isFoundAnywhereNo },
  regex_extract: { about: t.bindsTheFirstGroup },
  extract: { about: t.bindsTheValueFor },
  contains_jwt: { about: t.aJsonWebToken, values: ["true"] },
  datatype: { values: ["string", "number", "boolean"] },
  valuetype: { about: t.itLooksLikeOne, values: VALUE_TYPES },
  length: { about: t.bytes, ...range },
  entropy: { about: t.bitsAByte, ...range },
  records: { about: t.objectsInTheLongest, ...range },
  distinct: { about: t.differentValuesOfA, keys: { key: {}, ...range.keys } },
  percentage_match: { about: t.howMuchItResembles, ...range },
  detect: { about: t.aGrammarDetector, values: DETECTORS },
};
const pair: Part = { keys: { key: { keys: operators }, value: { keys: operators } } };
const term = (about: string): Part => ({
  about,
  keys: {
    ...operators,
    for_one: { about: t.oneKeyWithIts, ...pair },
    for_all: { about: t.eachKeyWithIts, ...pair },
  },
});

const terms: Record<string, Part> = {
  url: term(t.pathAndQuery),
  query_param: term(t.theQueryAndEach),
  request_headers: term(t.theRequestsHeadersAnd),
  request_payload: term(t.theRequestsBodyAnd),
  response_headers: term(t.theAnswersHeaders),
  response_payload: term(t.theAnswersBody),
  response_code: term(t.theAnswersStatus),
  method: term(t.theMethod),
  source_ip: term(t.theActorsAddress),
  destination_ip: term(t.theServersAddress),
  api_collection_id: term(t.theApiCollection),
  country_code: term(t.whereTheActorsAddress),
  wire_fact: term(t.odditiesOfTheWire),
  detect: { about: t.aDetectorOverEvery, values: DETECTORS },
  response_shows: { about: t.whatTheAnswerShows, values: SIGNS },
  response_holds: {
    about: t.sensitiveDataInThe,
    values: SENSITIVE,
    keys: { kinds: { values: SENSITIVE }, at_least: {} },
  },
};
const filter: Part = { about: t.whatMakesAMatch, keys: terms };
// They hold filters again.
for (const [name, about] of [
  ["and", t.allOfThemHold],
  ["or", t.oneOfThemHolds],
  ["not", t.itDoesNotHold],
] as const)
  terms[name] = { about, keys: terms };

export const POLICY: Part = {
  keys: {
    id: { about: t.uniqueAmongAllPolicies },
    wordLists: { about: t.nameWordUsedBy },
    filter,
    success_filter: { ...filter, about: t.whatItFindsIn },
    failure_filter: { ...filter, about: t.makesAMatchToo },
    suspect_filter: { ...filter, about: t.countsOnlyWhereThe },
    ignore: { ...filter, about: t.takesAMatchBack },
    anomaly: { about: t.aFigureThatLeaves, values: ANOMALIES },
    evidence: {
      about: t.kindsOfProofTo,
      values: [...SIGNS, "more-than-usual", "unusual-file"],
    },
    info: {
      about: t.whatPeopleShouldKnow,
      keys: {
        ...{ name: {}, description: {}, details: {}, impact: {}, remediation: {} },
        category: { keys: { name: {}, displayName: {}, shortName: {} } },
        subCategory: {},
        severity: { values: SEVERITY },
        ...{ tags: {}, references: {}, cwe: {}, cve: {}, compliance: {} },
      },
    },
    aggregation_rules: {
      about: t.anEventOnlyWhere,
      keys: {
        rule: {
          keys: {
            name: {},
            condition: {
              keys: {
                matchCount: {},
                windowThreshold: { about: t.minutes },
                distinctIdentifier: {
                  about: t.soManyDifferentValues,
                  keys: { count: {}, source: { values: PLACES }, key: {} },
                },
              },
            },
            groupBy: { values: ["actor", "api"] },
          },
        },
      },
    },
    mode: { about: t.blockAlsoBlocksThe, values: ["detect", "block"] },
    block: { about: t.forHowLong, keys: { ttl: { about: "15m, 4h, 1d" } } },
    enabled: { about: t.falseKeepsItOut, values: ["true", "false"] },
    examples: {
      about: t.requestsThatTestIt,
      keys: { match: { about: t.mustMatch }, no_match: { about: t.mustNot } },
    },
  },
};

/** The part under these keys; `undefined` where anything may stand. */
export function partAt(path: string[]): Part | undefined {
  let part: Part | undefined = POLICY;
  for (const key of path) part = part?.keys?.[key];
  return part;
}
