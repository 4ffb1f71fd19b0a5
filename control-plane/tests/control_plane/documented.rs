//! Every documented request is accepted, and every documented key is in its reply.

use control_plane::store::Role;
use portcullis_proto::v1::EventType;
use serde_json::{Value, json};

use crate::harness::{Plane, event, event_at};

/// `(endpoint, example body, keys of the reply, list in the reply, keys of its rows)`.
pub(crate) type Documented = (&'static str, Value, Vec<&'static str>, &'static str, Vec<&'static str>);

pub(crate) fn documented() -> Vec<Documented> {
    vec![
        (
            "fetchSuspectSampleData",
            json!({
                "urls": ["/files"], "types": ["Rule-Based"], "limit": 50, "skip": 0, "sort": {"detectedAt": -1},
                "endTimestamp": 1757442599, "startTimestamp": 1752172200
            }),
            vec![
                "severity",
                "total",
                "urls",
                "subCategory",
                "types",
                "sampleData",
                "maliciousEvents",
                "limit",
                "skip",
                "sort",
                "endTimestamp",
                "startTimestamp",
            ],
            "maliciousEvents",
            vec![
                "country",
                "metadata",
                "subCategory",
                "method",
                "ip",
                "eventType",
                "apiCollectionId",
                "type",
                "url",
                "actor",
                "filterId",
                "payload",
                "id",
                "refId",
                "category",
                "timestamp",
                "successfulExploit",
                "status",
                "host",
                "severity",
                "jiraTicketUrl",
                "sensorId",
                "matched",
                "blocked",
            ],
        ),
        (
            "fetchThreatActors",
            json!({"endTs": 1788978599, "skip": 0, "startTs": 0, "sort": {"discoveredAt": -1}}),
            vec![
                "splunkUrl",
                "skip",
                "startTs",
                "actorsCountPerCounty",
                "sort",
                "eventType",
                "splunkToken",
                "actorsCountPerCountry",
                "actor",
                "filterId",
                "actors",
                "total",
                "endTs",
                "maliciousPayloadsResponses",
                "refId",
                "actorIp",
                "status",
            ],
            "actors",
            vec![
                "latestAttack",
                "country",
                "activity",
                "latestApiEndpoint",
                "latestApiIp",
                "id",
                "latestApiMethod",
                "latestApiHost",
                "discoveredAt",
                "firstSeenAt",
                "lastSeenAt",
                "eventCount",
                "status",
            ],
        ),
        (
            "fetchFiltersThreatTable",
            json!({}),
            vec![
                "severity",
                "subCategory",
                "types",
                "apiCollectionIds",
                "skip",
                "sort",
                "ips",
                "latestAttack",
                "urls",
                "hosts",
                "total",
                "sampleData",
                "maliciousEvents",
                "limit",
                "endTimestamp",
                "startTimestamp",
            ],
            "ips",
            vec![],
        ),
        (
            "getThreatActivityTimeline",
            json!({"endTs": 1757442599, "startTs": 1752172200}),
            vec!["threatActivityTimelines", "startTs", "endTs"],
            "threatActivityTimelines",
            vec!["ts", "subCategoryWiseData"],
        ),
        (
            "fetchAggregateMaliciousRequests",
            json!({"actor": "203.0.113.9", "filterId": "PathTraversal", "refId": "the-reference", "eventType": "SINGLE"}),
            vec![
                "country",
                "splunkUrl",
                "skip",
                "startTs",
                "sort",
                "eventType",
                "splunkToken",
                "actorsCountPerCounty",
                "actorsCountPerCountry",
                "actor",
                "filterId",
                "latestAttack",
                "actors",
                "total",
                "actorId",
                "endTs",
                "maliciousPayloadsResponses",
                "refId",
                "status",
                "actorIp",
            ],
            "maliciousPayloadsResponses",
            vec!["metadata", "orig", "ts"],
        ),
        (
            "fetchCountBySeverity",
            json!({"endTs": 1757442599, "startTs": 1752172200}),
            vec!["categoryCounts"],
            "categoryCounts",
            vec!["subCategory", "count", "category"],
        ),
        ("fetchRemediationInfo", json!({"testId": builtin_policy()}), vec!["remediation"], "", vec![]),
        (
            "fetchThreatApis",
            json!({"skip": 0, "sort": {"discoveredAt": -1}}),
            vec![
                "total",
                "threatActivityTimeline",
                "apis",
                "dailyThreatActorsCount",
                "endTs",
                "skip",
                "startTs",
                "sort",
                "actorsCounts",
                "categoryCounts",
            ],
            "apis",
            vec!["method", "requestsCount", "actorsCount", "api", "host", "discoveredAt"],
        ),
        (
            "fetchThreatCategoryCount",
            json!({"endTs": 1757442599, "startTs": 1752172200}),
            vec!["categoryCounts"],
            "categoryCounts",
            vec!["subCategory", "count", "category"],
        ),
        (
            "fetchFilterYamlTemplate",
            json!({}),
            vec!["templates", "content"],
            "templates",
            vec!["createdAt", "author", "id", "content", "info", "updatedAt"],
        ),
        (
            "fetchFiltersForThreatActors",
            json!({}),
            vec![
                "country",
                "splunkUrl",
                "startTs",
                "skip",
                "eventType",
                "actorsCountPerCounty",
                "splunkToken",
                "sort",
                "actorsCountPerCountry",
                "actor",
                "filterId",
                "latestAttack",
                "actors",
                "total",
                "actorId",
                "host",
                "endTs",
                "maliciousPayloadsResponses",
                "refId",
                "actorIp",
                "status",
            ],
            "actorId",
            vec![],
        ),
        (
            "getDailyThreatActorsCount",
            json!({"endTs": 1757442599, "startTs": 1752172200}),
            vec![
                "actorsCounts",
                "totalAnalysed",
                "totalAttacks",
                "totalCriticalActors",
                "totalActiveStatus",
                "totalIgnoredStatus",
                "totalUnderReviewStatus",
            ],
            "actorsCounts",
            vec!["ts", "totalActors", "criticalActors"],
        ),
        (
            "getActorsCountPerCounty",
            json!({"endTs": 1757442599, "startTs": 1752172200}),
            vec!["actorsCountPerCountry"],
            "actorsCountPerCountry",
            vec!["country", "count"],
        ),
    ]
}

fn builtin_policy() -> String {
    let policies = portcullis_detection::PolicySet::builtin();
    policies.iter().next().expect("a built-in policy").id.to_string()
}

#[tokio::test]
async fn every_documented_body_is_accepted_and_every_documented_key_answered() {
    let plane = Plane::start().await;
    let mut sent = event();
    sent.ref_id = "the-reference".into();
    plane.sensor().await.send(vec![sent]).await;
    let viewer = plane.person(Role::Viewer);
    assert_eq!(documented().len(), 13);
    for (name, body, keys, list, row_keys) in documented() {
        let reply = viewer.ask(name, body.clone()).await;
        for key in keys {
            assert!(reply.get(key).is_some(), "{name}: no {key} in {reply}");
        }
        for (key, value) in body.as_object().unwrap() {
            let echoed = reply.get(key);
            assert!(echoed.is_none_or(|echoed| echoed == value), "{name}: {key} came back as {echoed:?}");
        }
        if list.is_empty() {
            continue;
        }
        let rows = reply[list].as_array().unwrap();
        assert!(!rows.is_empty(), "{name}: nothing in {list}");
        for key in row_keys {
            assert!(rows[0].get(key).is_some(), "{name}: no {key} in {}", rows[0]);
        }
        assert!(!reply.to_string().contains("\"null\""), "{name}: a null as text in {reply}");
    }
}

/// What people order, in an order in which each finds what it needs.
pub(crate) fn orders() -> Vec<Documented> {
    let pushed = ["revision", "sensors", "refused", "behind", "tookMs"];
    let with = |more: &[&'static str]| [&pushed, more].concat();
    let block = vec![
        "cidr",
        "reason",
        "author",
        "createdAt",
        "expiresAt",
        "revision",
        "forced",
        "sensors",
        "refusals",
        "hits",
    ];
    let rule = vec!["cidr", "port", "mode", "reason", "author", "createdAt"];
    vec![
        (
            "addBlock",
            json!({"cidr": "203.0.113.7", "reason": "scanner", "ttlSeconds": 14400, "force": false, "waitSeconds": 1}),
            with(&["block", "refusals"]),
            "",
            vec![],
        ),
        (
            "importBlocks",
            json!({"blocks": [{"cidr": "203.0.113.0/24", "ttlSeconds": 3600}, {"cidr": "nonsense"}], "reason": "feed"}),
            with(&["accepted", "problems", "dryRun"]),
            "problems",
            vec!["index", "cidr", "problem"],
        ),
        (
            "fetchBlocklist",
            json!({"search": "203", "covers": "203.0.113.7", "skip": 0, "limit": 10}),
            vec!["blocks", "total", "next", "revision"],
            "blocks",
            block,
        ),
        (
            "modifyThreatActorStatus",
            json!({"actorIp": "198.51.100.9", "status": "blocked"}),
            with(&["blocked", "refusals"]),
            "",
            vec![],
        ),
        ("removeBlock", json!({"cidr": "203.0.113.7/32"}), with(&[]), "", vec![]),
        ("addAllowed", json!({"cidr": "192.0.2.0/24", "reason": "office"}), with(&["cidr"]), "", vec![]),
        (
            "importAllowed",
            json!({"allowed": [{"cidr": "192.0.3.0/24"}, {"cidr": ""}], "reason": "partners", "dryRun": false}),
            with(&["accepted", "problems", "dryRun"]),
            "problems",
            vec!["index", "cidr", "problem"],
        ),
        (
            "fetchAllowed",
            json!({}),
            vec!["allowed", "total", "revision"],
            "allowed",
            vec!["cidr", "reason", "author", "createdAt", "revision", "sensors"],
        ),
        ("removeAllowed", json!({"cidr": "192.0.2.0/24"}), with(&["cidr"]), "", vec![]),
        ("setGateMode", json!({"mode": "monitor", "waitSeconds": 0}), with(&["mode"]), "", vec![]),
        ("fetchGateMode", json!({}), vec!["mode", "revision"], "", vec![]),
        ("armAutomaticBlocking", json!({"waitSeconds": 0}), with(&["node"]), "", vec![]),
        (
            "setCaptureRule",
            json!({"cidr": "10.0.0.0/8", "port": 80, "mode": "headers", "reason": "bulk"}),
            with(&["rules"]),
            "rules",
            rule.clone(),
        ),
        (
            "setCaptureRules",
            json!({"rules": [{"port": 9100, "mode": "off"}]}),
            with(&["rules"]),
            "rules",
            rule.clone(),
        ),
        ("fetchCaptureRules", json!({}), vec!["rules", "total", "revision"], "rules", rule),
        ("removeCaptureRule", json!({"port": 9100}), with(&["rules"]), "", vec![]),
        ("awaitRevision", json!({"revision": 1, "waitSeconds": 0}), with(&[]), "", vec![]),
        (
            "fetchSensors",
            json!({}),
            vec!["sensors", "total", "revision"],
            "sensors",
            vec![
                "id",
                "node",
                "gateMode",
                "automaticBlocking",
                "interfaces",
                "connected",
                "appliedRevision",
                "counters",
            ],
        ),
    ]
}

#[tokio::test]
async fn every_orders_body_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    let _sensor = plane.sensor().await;
    let admin = plane.person(Role::Admin);
    for (name, body, keys, list, row_keys) in orders() {
        let reply = admin.ask(name, body).await;
        for key in keys {
            assert!(reply.get(key).is_some(), "{name}: no {key} in {reply}");
        }
        for key in row_keys {
            assert!(reply[list][0].get(key).is_some(), "{name}: no {key} in {}", reply[list][0]);
        }
    }
}

/// What admins ask about people, in an order in which each finds what it needs.
pub(crate) fn access() -> Vec<Documented> {
    let user =
        vec!["name", "role", "createdAt", "passwordChangedAt", "lastLogInAt", "disabledAt", "sessions"];
    let password = "correct horse battery staple";
    vec![
        (
            "addUser",
            json!({"name": "ada", "role": "analyst", "password": password}),
            vec!["user"],
            "",
            vec![],
        ),
        (
            "modifyUser",
            json!({"name": "ada", "role": "viewer", "disabled": true, "password": password}),
            vec!["user"],
            "",
            vec![],
        ),
        ("fetchUsers", json!({}), vec!["users", "total"], "users", user),
        ("removeUser", json!({"name": "ada"}), vec!["name"], "", vec![]),
        (
            "addKey",
            json!({"name": "ci", "role": "viewer", "ttlSeconds": 60}),
            vec!["id", "key", "name", "role", "expiresAt"],
            "",
            vec![],
        ),
        (
            "fetchKeys",
            json!({}),
            vec!["keys", "total"],
            "keys",
            vec!["id", "name", "role", "createdAt", "createdBy", "lastUsedAt", "expiresAt", "revokedAt"],
        ),
        (
            "fetchAudit",
            json!({
                "who": ["test"], "action": ["addUser", "addKey"], "object": "user ada", "searchText": "ANALYST",
                "startTimestamp": 1, "endTimestamp": 0, "limit": 1, "cursor": 1_000_000
            }),
            vec!["entries", "total", "next"],
            "entries",
            vec!["seq", "at", "kind", "who", "whoId", "from", "action", "object", "before", "after"],
        ),
    ]
}

#[tokio::test]
async fn every_body_about_people_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for (name, body, keys, list, row_keys) in access() {
        let reply = admin.ask(name, body).await;
        for key in keys {
            assert!(reply.get(key).is_some(), "{name}: no {key} in {reply}");
        }
        for key in row_keys {
            assert!(reply[list][0].get(key).is_some(), "{name}: no {key} in {}", reply[list][0]);
        }
    }
}

/// What admins ask about notifications, in an order in which each finds what it needs.
pub(crate) fn notifications() -> Vec<Documented> {
    let target = vec![
        "name",
        "kind",
        "address",
        "severity",
        "category",
        "policy",
        "enabled",
        "createdAt",
        "createdBy",
        "queued",
        "delivered",
        "failed",
        "givenUp",
        "dropped",
        "failures",
        "nextAttemptAt",
    ];
    // Its name resolves to an address that is refused, so the test ends at once.
    let url = "https://localhost:9/hook";
    vec![
        (
            "addNotifyTarget",
            json!({
                "name": "hook", "kind": "webhook", "url": url, "severity": ["HIGH"], "category": ["LFI"],
                "policy": ["PathTraversal"]
            }),
            vec!["target", "secret"],
            "",
            vec![],
        ),
        (
            "modifyNotifyTarget",
            json!({
                "name": "hook", "url": url, "secret": "0123456789abcdef", "enabled": true, "severity": ["LOW"],
                "category": [], "policy": []
            }),
            vec!["target"],
            "",
            vec![],
        ),
        ("fetchNotifyTargets", json!({}), vec!["targets", "total"], "targets", target),
        (
            "testNotifyTarget",
            json!({"name": "hook"}),
            vec!["name", "delivered", "detail", "id", "tookMs"],
            "",
            vec![],
        ),
        (
            "fetchNotifyLog",
            json!({"name": "hook", "limit": 10, "cursor": 1_000_000}),
            vec!["entries", "next"],
            "entries",
            vec!["seq", "name", "at", "id", "count", "attempt", "isTest", "outcome", "detail", "tookMs"],
        ),
        ("removeNotifyTarget", json!({"name": "hook"}), vec!["name"], "", vec![]),
    ]
}

#[tokio::test]
async fn every_body_about_notifications_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for (name, body, keys, list, row_keys) in notifications() {
        let reply = admin.ask(name, body).await;
        for key in keys {
            assert!(reply.get(key).is_some(), "{name}: no {key} in {reply}");
        }
        for key in row_keys {
            assert!(reply[list][0].get(key).is_some(), "{name}: no {key} in {}", reply[list][0]);
        }
    }
}

#[test]
fn each_call_about_notifications_is_in_the_document_with_every_key() {
    let document = include_str!("../../../docs/rest-notifications.md");
    is_documented(notifications(), "docs/rest-notifications.md", document);
}

#[test]
fn each_order_is_in_the_document_with_every_key() {
    is_documented(orders(), "docs/rest-orders.md", include_str!("../../../docs/rest-orders.md"));
}

#[test]
fn each_call_about_people_is_in_the_document_with_every_key() {
    is_documented(access(), "docs/rest-access.md", include_str!("../../../docs/rest-access.md"));
}

fn is_documented(calls: Vec<Documented>, file: &str, document: &str) {
    for (name, body, keys, _, row_keys) in calls {
        let line = document.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let line = line.unwrap_or_else(|| panic!("{file} has no line for {name}"));
        let asked = body.as_object().unwrap().keys().map(String::as_str);
        for key in asked.filter(|key| *key != "waitSeconds") {
            assert!(line.contains(&format!("`{key}`")), "{name}: {file} does not name {key}");
        }
        for key in keys.iter().chain(&row_keys) {
            assert!(document.contains(&format!("`{key}`")), "{name}: {file} does not name {key}");
        }
    }
}

#[tokio::test]
async fn absent_keys_are_null_or_their_default_and_getter_names_say_success() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    let reply = viewer.ask("fetchThreatApis", json!({})).await;
    assert_eq!(reply["threatActivityTimeline"], "SUCCESS");
    assert_eq!(reply["dailyThreatActorsCount"], "SUCCESS");
    assert_eq!((&reply["sort"], &reply["skip"]), (&Value::Null, &json!(0)));
    let reply = viewer.ask("fetchSuspectSampleData", json!({})).await;
    assert_eq!((&reply["limit"], &reply["severity"]), (&json!(50), &Value::Null));
    let reply = viewer.ask("fetchFiltersForThreatActors", json!({})).await;
    assert_eq!(reply["actorsCountPerCounty"], "SUCCESS");
}

#[tokio::test]
async fn an_event_row_says_what_the_sensor_said() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut sent = event();
    sent.actor = "8.8.8.8".into();
    sensor.send(vec![sent.clone()]).await;
    let reply = plane.person(Role::Viewer).ask("fetchSuspectSampleData", json!({})).await;
    let row = &reply["maliciousEvents"][0];
    for (key, value) in [
        ("id", json!(sent.event_id)),
        ("actor", json!("8.8.8.8")),
        ("country", json!("US")),
        ("metadata", json!("country_code: \"US\"\n")),
        ("filterId", json!("PathTraversal")),
        ("category", json!("LFI")),
        ("subCategory", json!("PATH_TRAVERSAL")),
        ("severity", json!("HIGH")),
        ("type", json!("Rule-Based")),
        ("eventType", json!("SINGLE")),
        ("status", json!("ACTIVE")),
        ("timestamp", json!(crate::harness::NOON)),
        ("successfulExploit", json!(false)),
        ("sensorId", json!(sensor.id)),
        ("blocked", json!(false)),
        ("jiraTicketUrl", Value::Null),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    assert_eq!(row["matched"][0]["location"], "query.name");
    let payload = row["payload"].as_str().unwrap();
    assert!(payload.contains("path: \"/files?name=../../etc/passwd\"\n"), "{payload}");
    assert!(payload.contains("akto_account_id: \"1000000\"\n"), "{payload}");
}

#[tokio::test]
async fn samples_of_a_single_event_come_by_reference_and_of_an_aggregated_one_the_latest_ten() {
    let plane = Plane::start().await;
    let mut burst: Vec<_> = (0..12).map(|second| event_at(crate::harness::NOON + second)).collect();
    for event in &mut burst {
        event.event_type = EventType::Aggregated.into();
    }
    let single = burst[3].clone();
    plane.sensor().await.send(burst).await;
    let viewer = plane.person(Role::Viewer);
    let ask = |event_type: &str| {
        json!({
            "actor": "203.0.113.9", "filterId": "PathTraversal", "refId": single.ref_id, "eventType": event_type
        })
    };
    let times = |reply: &Value| -> Vec<u64> {
        reply["maliciousPayloadsResponses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["ts"].as_u64().unwrap())
            .collect()
    };
    let reply = viewer.ask("fetchAggregateMaliciousRequests", ask("SINGLE")).await;
    assert_eq!(times(&reply), [crate::harness::NOON + 3]);
    let orig: Value =
        serde_json::from_str(reply["maliciousPayloadsResponses"][0]["orig"].as_str().unwrap()).unwrap();
    for key in [
        "method",
        "path",
        "requestHeaders",
        "requestPayload",
        "responseHeaders",
        "responsePayload",
        "ip",
        "destIp",
        "statusCode",
        "status",
        "time",
        "type",
        "source",
        "akto_vxlan_id",
        "akto_account_id",
    ] {
        assert!(orig.get(key).is_some(), "no {key}");
    }
    let reply = viewer.ask("fetchAggregateMaliciousRequests", ask("AGGREGATED")).await;
    let newest: Vec<_> = (2..12).rev().map(|second| crate::harness::NOON + second).collect();
    assert_eq!(times(&reply), newest);
}

#[tokio::test]
async fn remediation_of_an_unknown_policy_is_refused() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    for id in ["", "NoSuchPolicy"] {
        assert!(
            viewer.refused("fetchRemediationInfo", json!({ "testId": id })).await.starts_with("testId: ")
        );
    }
}
