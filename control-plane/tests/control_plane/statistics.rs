//! What the dashboards count, from roll-ups and from the edges of a range.

use control_plane::store::Role;
use portcullis_proto::v1::{Severity, ThreatEvent};
use serde_json::json;

use crate::harness::{NOON, Plane, event_at};

const DAY: u64 = 86_400;
const MIDNIGHT: u64 = NOON - DAY / 2;

/// Two actors over three days: 203.0.113.9 (HIGH) each noon, 8.8.8.8 (LOW, SQLI) on the second day.
fn three_days() -> Vec<ThreatEvent> {
    let mut other = event_at(NOON + DAY + 1);
    other.actor = "8.8.8.8".into();
    other.severity = Severity::Low.into();
    (other.category, other.sub_category, other.policy_id) =
        ("SQL".into(), "SQLI".into(), "SqlInjection".into());
    let mut events: Vec<_> = (0..3).map(|day| event_at(NOON + day * DAY)).collect();
    events.push(other);
    events
}

#[tokio::test]
async fn the_timeline_counts_per_utc_day_and_category_to_the_second() {
    let plane = Plane::start().await;
    plane.sensor().await.send(three_days()).await;
    let viewer = plane.person(Role::Viewer);
    let all = json!({"startTs": 0, "endTs": 0});
    let days = viewer.ask("getThreatActivityTimeline", all).await["threatActivityTimelines"].clone();
    assert_eq!(
        days,
        json!([
            {"ts": MIDNIGHT, "subCategoryWiseData": [{"subcategory": "PATH_TRAVERSAL", "activityCount": 1}]},
            {"ts": MIDNIGHT + DAY, "subCategoryWiseData": [
                {"subcategory": "PATH_TRAVERSAL", "activityCount": 1}, {"subcategory": "SQLI", "activityCount": 1}
            ]},
            {"ts": MIDNIGHT + 2 * DAY, "subCategoryWiseData": [{"subcategory": "PATH_TRAVERSAL", "activityCount": 1}]},
        ])
    );
    // One second less at either end leaves out what lies there.
    let within = json!({"startTs": NOON + 1, "endTs": NOON + 2 * DAY - 1});
    let days = viewer.ask("getThreatActivityTimeline", within).await["threatActivityTimelines"].clone();
    assert_eq!(days.as_array().unwrap().len(), 1);
    assert_eq!(days[0]["ts"], json!(MIDNIGHT + DAY));
}

#[tokio::test]
async fn severities_and_categories_are_counted_within_range_and_policy() {
    let plane = Plane::start().await;
    plane.sensor().await.send(three_days()).await;
    let viewer = plane.person(Role::Viewer);
    let all = json!({"startTs": 0, "endTs": 0});
    let counts = viewer.ask("fetchCountBySeverity", all.clone()).await["categoryCounts"].clone();
    assert_eq!(
        counts,
        json!([
            {"category": "", "subCategory": "HIGH", "count": 3}, {"category": "", "subCategory": "LOW", "count": 1}
        ])
    );
    let counts = viewer.ask("fetchThreatCategoryCount", all).await["categoryCounts"].clone();
    assert_eq!(
        counts,
        json!([
            {"category": "LFI", "subCategory": "PATH_TRAVERSAL", "count": 3},
            {"category": "SQL", "subCategory": "SQLI", "count": 1}
        ])
    );
    let some = json!({"startTs": NOON + 1, "endTs": 0, "latestAttack": ["SqlInjection"]});
    let counts = viewer.ask("fetchCountBySeverity", some).await["categoryCounts"].clone();
    assert_eq!(counts, json!([{"category": "", "subCategory": "LOW", "count": 1}]));
}

#[tokio::test]
async fn an_actor_counts_once_per_day_and_once_per_range() {
    let plane = Plane::start().await;
    let mut events = three_days();
    events.push(event_at(NOON + 5));
    plane.sensor().await.send(events).await;
    let viewer = plane.person(Role::Viewer);
    let reply = viewer.ask("getDailyThreatActorsCount", json!({"startTs": 0, "endTs": 0})).await;
    assert_eq!(
        reply["actorsCounts"],
        json!([
            {"ts": MIDNIGHT, "totalActors": 1, "criticalActors": 1},
            {"ts": MIDNIGHT + DAY, "totalActors": 2, "criticalActors": 1},
            {"ts": MIDNIGHT + 2 * DAY, "totalActors": 1, "criticalActors": 1},
        ])
    );
    for (key, count) in [
        ("totalCriticalActors", 1),
        ("totalAnalysed", 5),
        ("totalAttacks", 5),
        ("totalActiveStatus", 5),
        ("totalIgnoredStatus", 0),
        ("totalUnderReviewStatus", 0),
    ] {
        assert_eq!(reply[key], count, "{key}");
    }
    let countries = json!({"startTs": 0, "endTs": 0});
    for name in ["getActorsCountPerCounty", "getActorsCountPerCountry"] {
        let reply = viewer.ask(name, countries.clone()).await;
        assert_eq!(
            reply["actorsCountPerCountry"],
            json!([{"country": "", "count": 1}, {"country": "US", "count": 1}])
        );
    }
}

#[tokio::test]
async fn an_actors_row_is_its_latest_event_within_the_range() {
    let plane = Plane::start().await;
    let mut events = three_days();
    events[2].url = "/latest".into();
    plane.sensor().await.send(events).await;
    let viewer = plane.person(Role::Viewer);
    let all = json!({"startTs": 0, "endTs": 0, "skip": 0});
    let reply = viewer.ask("fetchThreatActors", all).await;
    assert_eq!(reply["total"], 2);
    let first = &reply["actors"][0];
    assert_eq!((&first["id"], &first["latestApiEndpoint"]), (&json!("203.0.113.9"), &json!("/latest")));
    assert_eq!((&first["eventCount"], &first["firstSeenAt"]), (&json!(3), &json!(NOON)));
    assert_eq!(first["activity"].as_array().unwrap().len(), 3);
    assert_eq!(reply["actors"][1]["country"], "US");

    let early = json!({"startTs": 0, "endTs": NOON + DAY, "skip": 0});
    let reply = viewer.ask("fetchThreatActors", early).await;
    assert_eq!((&reply["total"], &reply["actors"][0]["latestApiEndpoint"]), (&json!(1), &json!("/files")));
    for (filter, total) in [
        (json!({"latestAttack": ["SqlInjection"]}), 1),
        (json!({"country": ["US"]}), 1),
        (json!({"actorId": ["203.0.113.9"]}), 1),
        (json!({"host": ["api.test"]}), 2),
        (json!({"host": ["other.test"]}), 0),
    ] {
        let mut request = json!({"startTs": 0, "endTs": 0, "skip": 0});
        request.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        assert_eq!(viewer.ask("fetchThreatActors", request).await["total"], total, "{filter}");
    }
    let reply = viewer.ask("fetchThreatsForActor", json!({"actor": "203.0.113.9", "limit": 2})).await;
    assert_eq!(reply["actorActivities"].as_array().unwrap().len(), 2);
    assert_eq!(reply["actorActivities"][0]["url"], "/latest");
}

#[tokio::test]
async fn endpoints_are_grouped_and_sorted() {
    let plane = Plane::start().await;
    let mut events = three_days();
    events[3].url = "/login".into();
    plane.sensor().await.send(events).await;
    let viewer = plane.person(Role::Viewer);
    let reply = viewer.ask("fetchThreatApis", json!({"sort": {"requestsCount": -1}})).await;
    assert_eq!(reply["total"], 2);
    assert_eq!(
        reply["apis"][0],
        json!({
            "api": "/files", "method": "GET", "host": "api.test", "requestsCount": 3, "actorsCount": 1,
            "discoveredAt": NOON
        })
    );
    let newest = viewer.rows("fetchThreatApis", json!({}), "apis", "api").await;
    assert_eq!(newest, ["/login", "/files"]);
}

#[tokio::test]
async fn roll_ups_follow_deletion_and_change_of_status() {
    let plane = Plane::start().await;
    let events = three_days();
    let (moved, deleted) = (events[0].event_id.clone(), events[3].event_id.clone());
    plane.sensor().await.send(events).await;
    let admin = plane.person(Role::Admin);
    admin.ask("updateMaliciousEventStatus", json!({"eventId": moved, "status": "UNDER_REVIEW"})).await;
    admin.ask("deleteMaliciousEvents", json!({"eventIds": [deleted]})).await;
    let all = json!({"startTs": 0, "endTs": 0, "skip": 0});
    let totals = admin.ask("getDailyThreatActorsCount", all.clone()).await;
    assert_eq!((&totals["totalActiveStatus"], &totals["totalUnderReviewStatus"]), (&json!(2), &json!(1)));
    assert_eq!(totals["totalAnalysed"], 3);
    let counts = admin.ask("fetchCountBySeverity", all.clone()).await["categoryCounts"].clone();
    assert_eq!(counts, json!([{"category": "", "subCategory": "HIGH", "count": 3}]));
    assert_eq!(admin.ask("fetchThreatActors", all).await["total"], 1);
    assert_eq!(admin.ask("fetchFiltersForThreatActors", json!({})).await["country"], json!([""]));
}
