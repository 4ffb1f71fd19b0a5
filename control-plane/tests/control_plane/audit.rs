//! Every change leaves one entry, which says who, when, what and from where.

use control_plane::{
    auth::command_line,
    clock::EpochMillis,
    store::{AuditStore, Role},
};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Plane, event};

async fn newest(admin: &Person) -> Vec<Value> {
    admin.ask("fetchAudit", json!({"limit": 1})).await["entries"].as_array().unwrap().clone()
}

async fn entries(plane: &Plane, filter: Value) -> Vec<Value> {
    let reply = plane.person(Role::Admin).ask("fetchAudit", filter).await;
    reply["entries"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_order_is_told_once_with_what_was_before_and_after() {
    let plane = Plane::start().await;
    plane.sensor().await.send(vec![event()]).await;
    let admin = plane.person(Role::Admin);
    let start = EpochMillis::now().seconds();
    for (name, body, object, before, after) in [
        (
            "addBlock",
            json!({"cidr": "203.0.113.7", "reason": "one", "permanent": true}),
            "203.0.113.7/32",
            "",
            "one",
        ),
        ("addBlock", json!({"cidr": "203.0.113.7", "reason": "two"}), "203.0.113.7/32", "one", "two"),
        ("removeBlock", json!({"cidr": "203.0.113.7"}), "203.0.113.7/32", "two", ""),
        (
            "modifyThreatActorStatus",
            json!({"actorIp": "192.0.2.1", "status": "blocked"}),
            "192.0.2.1/32",
            "",
            "reason",
        ),
        (
            "importBlocks",
            json!({"blocks": [{"cidr": "10.1.0.0/24"}, {"cidr": "10.2.0.0/24"}], "reason": "feed"}),
            "10.1.0.0/24 and 1 more",
            "10.2.0.0/24",
            "feed",
        ),
        ("addAllowed", json!({"cidr": "192.0.2.0/24", "reason": "office"}), "192.0.2.0/24", "", "office"),
        ("removeAllowed", json!({"cidr": "192.0.2.0/24"}), "192.0.2.0/24", "office", ""),
        ("setGateMode", json!({"mode": "monitor"}), "gate mode", "", "monitor"),
        ("setGateMode", json!({"mode": "enforce"}), "gate mode", "monitor", "enforce"),
        ("setCaptureRule", json!({"port": 9100, "mode": "off"}), "capture rules", "[]", "9100"),
        ("removeCaptureRule", json!({"port": 9100}), "capture rules", "9100", "[]"),
        ("armAutomaticBlocking", json!({}), "automatic blocking on all nodes", "", "armed"),
        (
            "updateMaliciousEventStatus",
            json!({"ips": ["203.0.113.9"], "status": "UNDER_REVIEW"}),
            "events {\"ips\":[\"203.0.113.9\"]}",
            "\"ACTIVE\":1",
            "\"UNDER_REVIEW\":1",
        ),
        ("deleteMaliciousEvents", json!({"startTimestamp": 1}), "events ", "\"UNDER_REVIEW\":1", ""),
    ] {
        let earlier = newest(&admin).await[0]["seq"].as_u64().unwrap();
        let mut body = body;
        if !name.contains("Malicious") {
            body["waitSeconds"] = json!(0);
        }
        admin.ask(name, body).await;
        let told = newest(&admin).await.remove(0);
        assert_eq!(told["seq"], earlier + 1, "{name}: not one entry");
        assert_eq!(
            (&told["action"], &told["kind"], &told["who"]),
            (&json!(name), &json!("key"), &json!("test"))
        );
        assert_eq!(told["from"], "127.0.0.1");
        assert!(told["at"].as_i64().unwrap() >= start);
        assert!(told["object"].as_str().unwrap().starts_with(object), "{name}: {told}");
        for (key, text) in [("before", before), ("after", after)] {
            match text {
                "" => assert!(told[key].is_null(), "{name}: {told}"),
                _ => assert!(told[key].to_string().contains(text), "{name}: no {text} in {}", told[key]),
            }
        }
    }
}

#[tokio::test]
async fn what_changes_nothing_and_what_is_refused_leave_no_entry() {
    let plane = Plane::start().await;
    let (admin, viewer) = (plane.person(Role::Admin), plane.person(Role::Viewer));
    let before = plane.store().audit(&all()).unwrap().total;
    admin.ask("fetchBlocklist", json!({})).await;
    admin.ask("deleteMaliciousEvents", json!({"startTimestamp": 1})).await;
    admin.refused("addBlock", json!({"cidr": "nonsense"})).await;
    admin
        .ask("modifyThreatActorStatus", json!({"actorIp": "192.0.2.1", "status": "active", "waitSeconds": 0}))
        .await;
    assert_eq!(viewer.try_ask("addBlock", json!({"cidr": "203.0.113.7"})).await.0, StatusCode::FORBIDDEN);
    assert_eq!(plane.store().audit(&all()).unwrap().total, before);
}

fn all() -> control_plane::store::AuditQuery {
    control_plane::store::AuditQuery {
        range: control_plane::clock::TimeRange::ALL,
        who: Vec::new(),
        actions: Vec::new(),
        object: String::new(),
        search: String::new(),
        limit: 0,
        cursor: None,
    }
}

#[tokio::test]
async fn a_long_import_is_one_entry_with_the_number() {
    let plane = Plane::start().await;
    let blocks: Vec<_> = (0..300).map(|n| json!({"cidr": format!("10.{}.{}.1", n >> 8, n & 255)})).collect();
    plane.person(Role::Analyst).ask("importBlocks", json!({ "blocks": blocks })).await;
    let told = entries(&plane, json!({"action": ["importBlocks"]})).await;
    assert_eq!((told.len(), &told[0]["object"]), (1, &json!("10.0.0.1/32 and 299 more")));
    assert_eq!(told[0]["after"]["changes"], 300);
}

#[tokio::test]
async fn logging_in_and_out_and_failing_to_is_told_with_the_address_and_never_the_name_that_failed() {
    let plane = Plane::start_behind("127.0.0.1/32").await;
    let session = format!("{}/session", plane.url());
    let from = |body: Value| {
        Client::new().post(&session).header("x-forwarded-for", "10.9.9.9, 203.0.113.77").json(&body).send()
    };
    from(json!({"name": "my password by mistake", "password": ""})).await.unwrap();
    let response = from(json!({"apiKey": plane.key(Role::Viewer)})).await.unwrap();
    let cookie = response.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let log_out = Client::new().delete(&session).header("cookie", cookie).header("x-portcullis-request", "1");
    assert_eq!(log_out.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let told = entries(&plane, json!({"object": "session"})).await;
    let shown: Vec<_> =
        told.iter().map(|one| json!([one["action"], one["kind"], one["who"], one["from"]])).collect();
    assert_eq!(
        shown,
        [
            json!(["logOut", "key", "test", "127.0.0.1"]),
            json!(["logIn", "key", "test", "203.0.113.77"]),
            json!(["failedLogIn", "unknown", "unknown", "203.0.113.77"]),
        ]
    );
    assert!(!json!(told).to_string().contains("mistake"));
}

#[tokio::test]
async fn sensors_and_the_machines_own_command_line_are_in_it_too() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let told = entries(&plane, json!({"action": ["enroll"]})).await;
    assert_eq!((&told[0]["kind"], &told[0]["from"]), (&json!("sensor"), &json!("127.0.0.1")));
    assert_eq!(told[0]["object"], format!("sensor {}", sensor.id));
    let told = entries(&plane, json!({"searchText": "join token"})).await;
    let me = command_line("test").by;
    assert_eq!((&told[0]["kind"], &told[0]["who"]), (&json!("command line"), &json!(me.name)));
    assert!(told[0]["from"].is_null());
    let first = entries(&plane, json!({"action": ["start"]})).await;
    assert_eq!(first[0]["object"], "API key first");
}

#[tokio::test]
async fn the_export_has_every_entry_of_the_filter_in_both_formats() {
    let plane = Plane::start().await;
    let store = plane.store();
    for number in 0..1_203 {
        store.note(&command_line("many"), &format!("={number}, \"quoted\"")).unwrap();
    }
    let key = plane.key(Role::Admin);
    let export = async |format: &str, key: &str| {
        let body = json!({"format": format, "action": ["many"], "limit": 5});
        let request = Client::new().post(format!("{}/api/exportAudit", plane.url())).header("x-api-key", key);
        let response = request.json(&body).send().await.unwrap();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status(), kind, response.text().await.unwrap())
    };
    let (status, kind, csv) = export("csv", &key).await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/csv; charset=utf-8"));
    let lines: Vec<_> = csv.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1_204);
    assert_eq!(lines[0], "seq,at,kind,who,whoId,from,action,object,before,after");
    assert!(lines[1].ends_with(",,many,\"'=1202, \"\"quoted\"\"\",,"), "{}", lines[1]);
    let (_, _, jsonl) = export("jsonl", &key).await;
    let rows: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[1_202]["object"]), (1_203, &json!("=0, \"quoted\"")));
    assert_eq!(export("xml", &key).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(export("csv", &plane.key(Role::Analyst)).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_database_itself_refuses_to_rewrite_the_log_and_old_entries_go() {
    let plane = Plane::start().await;
    let store = plane.store();
    store.note(&command_line("young"), "x").unwrap();
    let raw = rusqlite::Connection::open(plane.folder.path().join("control-plane.sqlite")).unwrap();
    for sql in ["UPDATE audit SET who = 'somebody else'", "DELETE FROM audit"] {
        let refused = raw.execute(sql, []).unwrap_err().to_string();
        assert!(refused.contains("audit log"), "{sql}: {refused}");
    }
    let old =
        "INSERT INTO audit (at, kind, who_id, who, action, object) VALUES (?, 'key', '', '', 'old', '')";
    let days_ago = |days: i64| EpochMillis::now().millis() - days * 86_400_000;
    for days in [500, 31, 29] {
        raw.execute(old, [days_ago(days)]).unwrap();
    }
    assert_eq!(store.expire_audit(EpochMillis::from_millis(days_ago(400))).unwrap(), 1);
    assert_eq!(store.expire_audit(EpochMillis::now()).unwrap(), 1);
    assert_eq!(entries(&plane, json!({"action": ["old"]})).await.len(), 1);
}

#[tokio::test]
async fn a_search_out_of_bounds_is_refused_with_the_field() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for (body, field) in [
        (json!({"limit": 1_001}), "limit: "),
        (json!({"limit": -1}), "limit: "),
        (json!({"who": "ada"}), "who: "),
        (json!({"action": vec!["x"; 1_001]}), "action: "),
        (json!({"cursor": "x"}), "cursor: "),
    ] {
        let refused = admin.refused("fetchAudit", body.clone()).await;
        assert!(refused.starts_with(field), "{body}: {refused}");
    }
    assert_eq!(plane.person(Role::Analyst).try_ask("fetchAudit", json!({})).await.0, StatusCode::FORBIDDEN);
}
