//! The language: what each operator means, and what a file that cannot be read says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test says no by panicking, and why it was skipped by printing"
)]

use portcullis_detection::{Engine, Example, Outcome, PolicyError, PolicySet};

fn policy(filter: &str) -> Result<Engine, PolicyError> {
    let text = format!("id: T\nfilter:\n{filter}\n");
    let (set, mut errors) = PolicySet::parse([("t.yaml", text)]);
    match errors.pop() {
        Some(error) => Err(error),
        None => Ok(Engine::new(set)),
    }
}

fn example(text: &str) -> Example {
    let yaml = serde_json::json!({"id": "E", "filter": {"detect": "sqli"}, "examples": {"match": [text]}});
    let (set, errors) = PolicySet::parse([("e.yaml", yaml.to_string())]);
    assert_eq!(errors, []);
    set.get("E").unwrap().examples.matching[0].clone()
}

fn matches(filter: &str, text: &str) -> bool {
    !policy(filter).unwrap_or_else(|error| panic!("{error}")).judge(&example(text).exchange).is_empty()
}

fn error(text: &str) -> String {
    let (_, errors) = PolicySet::parse([("p.yaml", text)]);
    errors.first().map(ToString::to_string).unwrap_or_default()
}

const REQUEST: &str = "POST /api/Users/7?page=2&q=%53ecret\ncontent-type: application/json\nx-role: Admin\n\n{\"user\": {\"name\": \"Anna\", \"age\": 41}, \"mail\": \"a@b.example\"}\n\nHTTP/1.1 201 Created\nx-trace: t1\n\n{\"token\": \"abc\"}";

#[test]
fn each_term_sees_its_part_of_the_exchange() {
    for (filter, expected) in [
        ("  url: {contains_either: [/api/users]}", true),
        ("  url: {contains_either: [/admin]}", false),
        ("  method: {eq: post}", true),
        ("  query_param: {contains_either: [secret]}", true),
        ("  request_headers: {for_one: {key: {eq: X-Role}, value: {eq: admin}}}", true),
        ("  request_headers: {for_one: {key: {eq: x-role}, value: {eq: user}}}", false),
        ("  request_payload: {for_one: {key: {eq: name}, value: {eq: anna}}}", true),
        ("  request_payload: {for_one: {key: {eq: user.name}}}", true),
        ("  request_payload: {for_one: {key: {eq: age}, value: {gt: 40, lt: 42}}}", true),
        ("  response_payload: {for_one: {key: {eq: token}}}", true),
        ("  response_headers: {for_one: {key: {eq: x-trace}}}", true),
        ("  response_code: {gte: 200, lt: 300}", true),
        ("  response_code: {eq: 200}", false),
        ("  source_ip: {contains_either_cidr: [203.0.113.0/24, '2001:db8::/32']}", true),
        ("  source_ip: {not_contains_cidr: [203.0.113.7]}", false),
        ("  destination_ip: {eq: 192.0.2.1}", true),
        ("  api_collection_id: {eq: 0}", true),
        // 203.0.113.0/24 is for documentation, and registered nowhere.
        ("  country_code: {eq: ''}", true),
        ("  country_code: {eq: US}", false),
        ("  country_code: {neq: US}", true),
    ] {
        assert_eq!(matches(filter, REQUEST), expected, "{filter}");
    }
}

#[test]
fn each_operator_means_what_the_page_says() {
    for (filter, expected) in [
        ("  url: {regex: 'users/[0-9]+'}", true),
        ("  url: {regex: '^nothing'}", false),
        ("  url: {contains_all: [api, page]}", true),
        ("  url: {contains_all: [api, nothing]}", false),
        ("  url: {not_contains: [nothing]}", true),
        ("  url: {not_contains_either: [nothing, api]}", false),
        ("  method: {neq: GET}", true),
        ("  request_payload: {for_all: {value: {not_contains: [zzz]}}}", true),
        ("  request_payload: {for_all: {value: {contains_either: [anna]}}}", false),
        ("  request_payload: {length: {gt: 10, lt: 500}}", true),
        ("  request_payload: {length: {gt: 500}}", false),
        ("  request_payload: {for_one: {key: {eq: age}, value: {datatype: number}}}", true),
        ("  request_payload: {for_one: {key: {eq: name}, value: {datatype: number}}}", false),
        ("  query_param: {for_one: {key: {eq: q}, value: {entropy: {gt: 2}}}}", true),
        ("  request_headers: {contains_jwt: true}", false),
        ("  or:\n    - method: {eq: GET}\n    - method: {eq: POST}", true),
        ("  and:\n    - method: {eq: POST}\n    - url: {contains_either: nothing}", false),
        ("  not:\n    method: {eq: GET}", true),
        ("  method: {or: [{eq: GET}, {eq: POST}]}", true),
        ("  request_payload: {for_one: {key: {eq: mail}, value: {valuetype: email}}}", true),
        ("  request_payload: {for_one: {key: {eq: age}, value: {valuetype: [integer, uuid]}}}", true),
        ("  request_payload: {for_one: {key: {eq: name}, value: {valuetype: [integer, uuid]}}}", false),
        ("  query_param: {distinct: {gte: 2}}", true),
        ("  query_param: {distinct: {gt: 2}}", false),
        ("  query_param: {distinct: {key: page, eq: 1}}", true),
        ("  request_headers: {contains_either: ['x-role: adm']}", true),
        ("  request_headers: {regex: '^x-role: a'}", true),
    ] {
        assert_eq!(matches(filter, REQUEST), expected, "{filter}");
    }
}

#[test]
fn a_token_is_found_in_a_header() {
    let request = "GET /\nauthorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
    assert!(matches("  request_headers: {contains_jwt: true}", request));
}

#[test]
fn an_extracted_value_is_compared_later() {
    let filter = "  request_payload: {for_one: {key: {eq: id}, value: {extract: sent}}}\n  response_payload: {contains_either: ['user-${sent}']}";
    let exchange = |answer: &str| format!("POST /\n\n{{\"id\": \"K7\"}}\n\nHTTP/1.1 200 OK\n\n{answer}");
    assert!(matches(filter, &exchange("hello user-k7")));
    assert!(!matches(filter, &exchange("hello user-k8")));
    let filter = "  url: {regex_extract: 'id=([0-9]+)', extract: id}\n  response_payload: {contains_either: ['no ${id}.']}";
    assert!(matches(filter, "GET /?id=42\n\nHTTP/1.1 200 OK\n\nno 42."));
}

#[test]
fn a_word_list_stands_for_its_words() {
    let text =
        "id: W\nwordLists:\n  paths: [/one, /two]\nfilter:\n  url:\n    contains_either: ['${paths}']\n";
    let (set, errors) = PolicySet::parse([("w.yaml", text)]);
    assert_eq!(errors, []);
    let engine = Engine::new(set);
    assert_eq!(engine.judge(&example("GET /two").exchange).len(), 1);
    assert_eq!(engine.judge(&example("GET /three").exchange).len(), 0);
}

#[test]
fn ignore_takes_a_match_back_and_success_is_evidence() {
    let text = "id: S\nsuccess_filter:\n  url: {contains_either: [/x]}\n  response_payload: {regex: 'uid=[0-9]+'}\nfailure_filter:\n  url: {contains_either: [/x]}\nignore:\n  method: {eq: HEAD}\n";
    let (set, errors) = PolicySet::parse([("s.yaml", text)]);
    assert_eq!(errors, []);
    let engine = Engine::new(set);
    let won = engine.judge(&example("GET /x\n\nHTTP/1.1 200 OK\n\nuid=0").exchange);
    assert_eq!(won[0].successful_exploit.as_ref().unwrap().kind, "success-filter");
    let lost = engine.judge(&example("GET /x\n\nHTTP/1.1 200 OK\n\nno").exchange);
    assert!(lost[0].successful_exploit.is_none());
    assert!(engine.judge(&example("HEAD /x").exchange).is_empty());
}

#[test]
fn a_match_points_into_what_was_sent() {
    let engine = policy("  detect: sqli").unwrap();
    let found = engine.judge(&example("GET /i?id=7%27%20OR%201%3D1--").exchange);
    let at = &found[0].matched[0];
    assert_eq!((at.location.as_str(), at.detector.as_str()), ("query.id", "sqli"));
    let sent = "7%27%20OR%201%3D1--";
    assert!(at.start < at.end && at.end <= sent.len());
    assert!(sent[at.start..at.end].contains("%27%20OR"), "{at:?}");
}

/// As people bring them, with everything their page shows.
#[test]
fn a_file_written_for_the_documented_language_loads_unchanged() {
    let text = "id: High4XXAlertFilter\nfilter:\n  response_code:\n    gte: 400\n    lt: 500\n\ninfo:\n  name: \"High4XXAlertFilter\"\n  description: \"Many errors\"\n  details: \"d\"\n  impact: \"i\"\n  category:\n    name: \"RL\"\n    displayName: \"RL\"\n  subCategory: \"RL\"\n  severity: MEDIUM\n\naggregation_rules:\n  - rule:\n      name: \"Rule 1\"\n      condition:\n        matchCount: 50 \n        windowThreshold: 5\n  - rule:\n      name: \"Rule 2\"\n      condition:\n        matchCount: 100 \n        windowThreshold: 10\n\n";
    let (set, errors) = PolicySet::parse([("h.yaml", text)]);
    assert_eq!(errors, []);
    let policy = set.get("High4XXAlertFilter").unwrap();
    assert_eq!((&*policy.source, policy.aggregation.len()), (text, 2));
    assert_eq!(policy.info.category.name, "RL");
}

#[test]
fn an_error_names_the_place_and_the_nearest_word() {
    for (text, expected) in [
        (
            "id: A\nfliter:\n  method: {eq: GET}\n",
            "p.yaml:2:1: a policy: unknown key `fliter` (did you mean `filter`?)",
        ),
        (
            "id: A\nfilter:\n  url:\n    containsEither: [x]\n",
            "p.yaml:4:5: url: unknown key `containsEither` (did you mean `contains_either`?)",
        ),
        ("id: A\nfilter:\n  urll: {eq: x}\n", "p.yaml:3:3: filter: unknown key `urll` (did you mean `url`?)"),
        (
            "id: A\nfilter:\n  url: {regex: '(?=x)'}\n",
            "p.yaml:3:16: regex: look-around is not supported, because matching must take linear time",
        ),
        ("id: A\nfilter:\n  response_code: {gte: many}\n", "p.yaml:3:24: gte: must be a number, but is text"),
        (
            "id: A\nfilter:\n  url: {contains_either: {a: b}}\n",
            "p.yaml:3:26: contains_either: must be text, but is a mapping",
        ),
        (
            "id: A\nfilter:\n  url: {percentage_match: {gt: 5}}\n",
            "p.yaml:3:9: `percentage_match` cannot stand inside `url`: it looks at `request_payload` or `response_payload` as a whole",
        ),
        (
            "id: A\nfilter:\n  query_param: {for_one: {value: {distinct: {gt: 5}}}}\n",
            "p.yaml:3:35: `distinct` cannot stand inside `value`",
        ),
        (
            "id: A\nfilter:\n  query_param: {distinct: {key: id}}\n",
            "p.yaml:3:27: distinct: needs a bound, such as `gt: 10`",
        ),
        (
            "id: A\nfilter:\n  query_param: {for_one: {value: {valuetype: uid}}}\n",
            "p.yaml:3:46: valuetype: unknown value `uid`",
        ),
        ("id: A\nfilter:\n  url: {valuetype: numbr}\n", "(did you mean `number`?)"),
        ("id: A\nfilter:\n  country: {eq: DE}\n", "p.yaml:3:3: filter: unknown key `country`"),
        (
            "id: A\nfilter:\n  query_param: {for_one: {eq: x}}\n",
            "p.yaml:3:27: `eq` needs `key` or `value` around it inside `for_one`",
        ),
        (
            "id: A\nfilter:\n  query_param: {for_one: {url: {eq: x}}}\n",
            "p.yaml:3:27: the term `url` cannot stand inside the collection `for_one`",
        ),
        (
            "id: A\nfilter:\n  query_param: {for_one: {for_all: {key: {eq: x}}}}\n",
            "p.yaml:3:27: `for_all` cannot stand inside a collection",
        ),
        (
            "id: A\nfilter:\n  query_param: {key: {eq: x}}\n",
            "p.yaml:3:17: `key` needs `for_one` or `for_all`",
        ),
        (
            "id: A\nfilter:\n  contains_either: [x]\n",
            "p.yaml:3:3: the operator `contains_either` needs a term",
        ),
        ("id: A\nfilter:\n  for_one: {key: {eq: x}}\n", "p.yaml:3:3: `for_one` needs a term around it"),
        (
            "id: A\nfilter:\n  source_ip: {contains_cidr: [10.0.0.0/33]}\n",
            "p.yaml:3:31: contains_cidr: `10.0.0.0/33`",
        ),
        ("id: A\nfilter:\n  url: {regex: 'a(b'}\n", "p.yaml:3:16: regex: unclosed group"),
        (
            "id: A\nfilter:\n  url: {regex: '(a)\\1'}\n",
            "p.yaml:3:16: regex: backreferences are not supported",
        ),
        (
            "id: A\nfilter:\n  url: {contains_jwt: maybe}\n",
            "p.yaml:3:23: contains_jwt: must be `true` or `false`",
        ),
        ("id: A\nfilter:\n  url: {datatype: strng}\n", "(did you mean `string`?)"),
        (
            "id: A\nfilter:\n  url: {contains_either: ['']}\n",
            "p.yaml:3:27: contains_either: empty text is in every value",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\nmode: bloc\n",
            "p.yaml:4:7: mode: unknown value `bloc`; known are detect, block (did you mean `block`?)",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\nblock: {ttl: soon}\n",
            "p.yaml:4:14: block.ttl: `soon` is no duration",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\nenabled: maybe\n",
            "p.yaml:4:10: enabled: must be `true` or `false`",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\ninfo: {sevrity: LOW}\n",
            "p.yaml:4:8: info: unknown key `sevrity` (did you mean `severity`?)",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\nwordLists: {a: b}\n",
            "p.yaml:4:16: a: must be a list, but is text",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\naggregation_rules:\n  - rule: {condition: {matchCont: 5, windowThreshold: 1}}\n",
            "p.yaml:5:24: condition: unknown key `matchCont` (did you mean `matchCount`?)",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\naggregation_rules:\n  - rule: {condition: {matchCount: 0, windowThreshold: 1}}\n",
            "p.yaml:5:36: matchCount: must be a whole number of at least 1",
        ),
        (
            "id: A\nfilter:\n  url: {eq: x}\nexamples:\n  match: [nonsense]\n",
            "p.yaml:5:11: example: `nonsense` is no request line",
        ),
        (
            "id: A\nfilter:\n  url: {method: {eq: x}}\n",
            "p.yaml:3:9: the term `method` cannot stand inside the term `url`",
        ),
        (
            "id: A\nfilter:\n  url: {for_one: {value: {for_one: {key: {eq: x}}}}}\n",
            "p.yaml:3:27: `for_one` cannot stand inside a collection",
        ),
        ("id: A\nfilter:\n  detect: sqly\n", "(did you mean `sqli`?)"),
        (
            "id: A\nfilter:\n  url: {eq: '${wrods}'}\n",
            "p.yaml:3:13: `${wrods}`: no word list and no `extract` has this name",
        ),
        ("id: A\ninfo: {severity: HIHG}\nfilter: {method: {eq: x}}\n", "(did you mean `HIGH`?)"),
        ("id: A\nid: B\nfilter: {method: {eq: x}}\n", "p.yaml:2:1:"),
        ("id: A\n", "one of `filter`, `success_filter`, `failure_filter`, `anomaly` is missing"),
        ("filter: {method: {eq: x}}\n", "the key `id` is missing"),
        ("id: A\nfilter: {}\n", "p.yaml:2:9: filter: is empty, and would match everything"),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{error}\nwanted {expected}");
    }
}

#[test]
fn a_bad_file_stops_neither_the_others_nor_its_own_last_good_version() {
    let good = |id: &str| format!("id: {id}\nfilter:\n  method: {{eq: GET}}\n");
    let (first, errors) = PolicySet::parse([("a.yaml", good("A")), ("b.yaml", good("B"))]);
    assert_eq!(errors, []);
    let (second, errors) = first.parse_over([("a.yaml", "id: [".to_owned()), ("b.yaml", good("B2"))]);
    assert_eq!(errors.len(), 1);
    let ids: Vec<_> = second.iter().map(|policy| &*policy.id).collect();
    assert_eq!(ids, ["A", "B2"]);
    let (third, errors) = PolicySet::parse([("a.yaml", good("A")), ("c.yaml", good("A"))]);
    assert_eq!(third.len(), 1);
    assert_eq!(errors[0].to_string(), "c.yaml:1:5: duplicate id `A`: a.yaml has it already");
}

#[test]
fn an_actor_has_the_country_its_address_is_registered_in() {
    let engine = policy("  country_code: {contains_either: [us, de]}").unwrap();
    let mut exchange = (*example("GET /").exchange).clone();
    exchange.actor.address = "8.8.8.8".parse().unwrap();
    let found = engine.judge(&exchange.into());
    assert_eq!(
        (found[0].matched[0].location.as_str(), found[0].matched[0].phrase.as_str()),
        ("source.country", "US")
    );
}

/// Offsets count bytes of what was sent at the place, and the phrase is what was seen after decoding.
#[test]
fn every_operator_says_what_matched_and_where() {
    let request = "POST /api/u%73ers/7?mail=a%40b.example&ip=10.1.2.3&big=%3941\ncookie: role=Admin\nx-token: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln\ncontent-type: application/json\n\n{\"a\": {\"b\": \"\\u0041nna\"}}\n\nHTTP/1.1 404 Not Found\nx-why: none here\n\n{\"error\": \"no such user\"}";
    for (filter, location, sent, phrase, operator) in [
        ("  url: {contains_either: [/users/]}", "url.path", "/u%73ers/", "/users/", "contains_either"),
        ("  url: {contains_all: [api, users]}", "url", "api", "api", "contains_all"),
        ("  url: {regex: 'users/[0-9]'}", "url.path", "u%73ers/7", "users/7", "regex"),
        ("  url: {regex_extract: '(u.ers)', extract: x}", "url.path", "u%73ers", "users", "regex_extract"),
        ("  method: {eq: post}", "method", "POST", "POST", "eq"),
        ("  query_param: {contains_either: ['a@b']}", "query.mail", "a%40b", "a@b", "contains_either"),
        (
            "  query_param: {for_one: {value: {valuetype: email}}}",
            "query.mail",
            "a%40b.example",
            "a@b.example",
            "valuetype",
        ),
        (
            "  query_param: {for_one: {value: {contains_either_cidr: 10.0.0.0/8}}}",
            "query.ip",
            "10.1.2.3",
            "10.1.2.3",
            "contains_either_cidr",
        ),
        ("  query_param: {for_one: {value: {gt: 900}}}", "query.big", "%3941", "941", "gt"),
        (
            "  query_param: {for_one: {value: {datatype: number, length: {eq: 5}}}}",
            "query.big",
            "%3941",
            "941",
            "datatype",
        ),
        ("  query_param: {for_one: {key: {eq: big}}}", "query.big (name)", "big", "big", "eq"),
        (
            "  request_headers: {contains_either: [admin]}",
            "request.cookie.role",
            "Admin",
            "Admin",
            "contains_either",
        ),
        (
            "  request_headers: {regex: 'x-token: bearer'}",
            "request.header.x-token (name)",
            "x-token",
            "x-token: Bearer",
            "regex",
        ),
        (
            "  request_headers: {contains_jwt: true}",
            "request.header.x-token",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "contains_jwt",
        ),
        (
            "  request_headers: {for_one: {key: {eq: x-token}, value: {entropy: {gt: 3}}}}",
            "request.header.x-token (name)",
            "x-token",
            "x-token",
            "eq",
        ),
        (
            "  request_payload: {for_one: {key: {eq: b}, value: {eq: anna}}}",
            "request.body.a.b (name)",
            "b",
            "b",
            "eq",
        ),
        ("  request_payload: {for_one: {value: {eq: anna}}}", "request.body.a.b", "\\u0041nna", "Anna", "eq"),
        (
            "  request_payload: {length: {gt: 5}}",
            "request.body",
            "{\"a\": {\"b\": \"\\u0041nna\"}}",
            "{\"a\": {\"b\": \"\\u0041nna\"}}",
            "length",
        ),
        ("  query_param: {distinct: {gte: 3}}", "query.mail", "a%40b.example", "a@b.example", "distinct"),
        ("  response_code: {gte: 400}", "response.status", "404", "404", "gte"),
        (
            "  response_headers: {contains_either: ['none here']}",
            "response.header.x-why",
            "none here",
            "none here",
            "contains_either",
        ),
        (
            "  response_payload: {contains_either: [no such]}",
            "response.body",
            "no such",
            "no such",
            "contains_either",
        ),
        (
            "  source_ip: {contains_cidr: 203.0.113.0/24}",
            "source",
            "203.0.113.7",
            "203.0.113.7",
            "contains_either_cidr",
        ),
    ] {
        let found =
            policy(filter).unwrap_or_else(|error| panic!("{error}")).judge(&example(request).exchange);
        let at = &found.first().unwrap_or_else(|| panic!("{filter} matches")).matched[0];
        assert_eq!(
            (at.location.as_str(), at.phrase.as_str(), at.detector.as_str()),
            (location, phrase, operator),
            "{filter}"
        );
        let len = at.end - at.start;
        assert_eq!(len, sent.len(), "{filter}: {at:?} is as long as `{sent}`");
        let original = match at.location.as_str() {
            "url.path" => "/api/u%73ers/7",
            "url" => "/api/u%73ers/7?mail=a%40b.example",
            "request.header.x-token" => "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
            "response.body" => "{\"error\": \"no such user\"}",
            _ => continue,
        };
        assert_eq!(&original[at.start..at.end], sent, "{filter}");
    }
}

#[test]
fn a_body_is_compared_with_the_one_before_it_at_the_same_endpoint() {
    let engine = policy("  response_payload: {percentage_match: {lt: 50}}").unwrap();
    let usual = "{\"id\": 7, \"name\": \"Anna\", \"city\": \"Ulm\"}";
    let dump = "root:x:0:0:root:/root:/bin/bash daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin";
    let judge = |path: &str, status: &str, body: &str| {
        engine.judge(&example(&format!("GET {path}\n\nHTTP/1.1 {status}\n\n{body}")).exchange).len()
    };
    assert_eq!(judge("/users/1", "200 OK", usual), 0, "nothing to compare with");
    assert_eq!(judge("/users/2", "200 OK", &usual.replace("Anna", "Bert")), 0, "much the same");
    assert_eq!(judge("/users/3", "500 Oops", dump), 1, "another thing altogether");
    assert_eq!(judge("/users/4", "200 OK", usual), 0, "an error does not become the usual answer");
    assert_eq!(judge("/files/3", "200 OK", dump), 0, "another endpoint");
}

#[test]
fn a_suspicion_is_explained_with_the_evidence_that_makes_it_a_match_or_as_lacking_it() {
    let text = "id: T\nfilter: {url: {contains_either: [/never]}}\nsuspect_filter: {url: {contains_either: [/probe]}}\n\
                evidence: [file-contents]\n";
    let (set, errors) = PolicySet::parse([("t.yaml", text)]);
    assert_eq!(errors, []);
    let engine = Engine::new(set);
    let file = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";
    for (request, answer, outcome, evidence) in [
        ("GET /probe", file, Outcome::Matched, Some("file-contents")),
        ("GET /probe", "nothing", Outcome::NotMatched, None),
        ("GET /other", file, Outcome::NotMatched, None),
        ("GET /never", file, Outcome::Matched, Some("file-contents")),
    ] {
        let exchange = example(&format!("{request}\n\nHTTP/1.1 200 OK\n\n{answer}")).exchange;
        let explained = engine.explain(&exchange).remove(0);
        let told = explained.evidence.as_ref().map(|evidence| evidence.kind.as_str());
        assert_eq!((explained.outcome, told), (outcome, evidence), "{request} {explained:?}");
        let is_match = outcome == Outcome::Matched;
        assert_eq!(engine.matching(&exchange).len(), usize::from(is_match), "{request}");
        assert_eq!(engine.judge(&exchange).len(), usize::from(is_match), "as it is judged: {request}");
        assert_eq!(!explained.matched.is_empty(), is_match, "{request}");
    }
}
