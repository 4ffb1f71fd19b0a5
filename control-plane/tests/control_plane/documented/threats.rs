//! The endpoints that scripts knew before this control plane was there.

use control_plane::store::Role;
use serde_json::{Value, json};

use super::Documented;
use crate::harness::{Plane, event};

pub(crate) fn threats() -> Vec<Documented> {
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
    assert_eq!(threats().len(), 13);
    for (name, body, keys, list, row_keys) in threats() {
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
async fn remediation_of_an_unknown_policy_is_refused() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    for id in ["", "NoSuchPolicy"] {
        assert!(
            viewer.refused("fetchRemediationInfo", json!({ "testId": id })).await.starts_with("testId: ")
        );
    }
}
