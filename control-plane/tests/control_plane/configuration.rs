//! The threat configuration: set in parts or as a whole, checked, kept, and sent to sensors.

use control_plane::store::{RevisionStore as _, Role};
use portcullis_proto::v1::{IdentitySource, ThreatConfiguration, change::Change, control_message::Message};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{CommandStream, Plane, event};

fn whole() -> Value {
    json!({
        "trustedProxies": {"cidrs": ["10.0.0.0/8"], "header": "forwarded"},
        "actorIdentity": [{"source": "jwtClaim", "name": "sub"}],
        "rateLimits": [{"name": "login", "methods": ["POST"], "path": "/login", "requests": 20}],
        "enumeration": {"distinct": 7, "windowMinutes": 9},
        "retentionDays": 30,
        "redaction": {"headers": ["X-Tenant"], "fields": ["account_no"], "patterns": ["EMP-[0-9]+"]},
        "waitSeconds": 0,
    })
}

async fn next(orders: &mut CommandStream) -> (u64, ThreatConfiguration) {
    let Message::Revision(mut revision) = orders.next().await else { panic!("no revision") };
    match revision.changes.remove(0).change.unwrap() {
        Change::ThreatConfiguration(configuration) => (revision.number, configuration),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_set_is_kept_shown_and_sent_to_sensors_with_what_it_comes_to() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let mut orders = plane.sensor().await.commands(0).await;
    orders.next().await;
    let empty = admin.ask("fetchThreatConfiguration", json!({})).await;
    assert_eq!((&empty["author"], &empty["configuration"]["rateLimits"]), (&Value::Null, &json!([])));

    let set = admin.ask("modifyThreatConfiguration", whole()).await;
    assert_eq!((&set["revision"], &set["configuration"]["retentionDays"]), (&json!(1), &json!(30)));
    let (number, sent) = next(&mut orders).await;
    assert_eq!((number, sent.revision), (1, 1));
    assert_eq!(sent.trusted_proxies.unwrap().cidrs, ["10.0.0.0/8"]);
    let identity = sent.actor_identity.unwrap();
    assert_eq!((identity.key.len(), identity.rules[0].source()), (32, IdentitySource::JwtClaim));
    let ids: Vec<_> = sent.policies.iter().map(|policy| policy.id.as_str()).collect();
    assert_eq!(ids, ["RateLimit-login", "IdentifierEnumeration"]);
    assert_eq!(sent.redaction.unwrap().patterns, ["EMP-[0-9]+"]);
    assert_eq!(plane.store().retention_days().unwrap(), Some(30));
    let log = plane.store().difference(0).unwrap();
    assert!(!format!("{log:?}").contains("key"), "the key is in no revision");

    let part = json!({"retentionDays": 60, "waitSeconds": 0});
    let changed = admin.ask("modifyThreatConfiguration", part).await["configuration"].clone();
    assert_eq!((&changed["retentionDays"], &changed["enumeration"]["distinct"]), (&json!(60), &json!(7)));
    let (_, again) = next(&mut orders).await;
    assert_eq!(again.actor_identity.unwrap().key, identity.key, "the same key makes the same identities");

    let plane = plane.restart().await;
    let admin = plane.person(Role::Admin);
    let kept = admin.ask("fetchThreatConfiguration", json!({})).await;
    assert_eq!((&kept["configuration"], &kept["author"]), (&changed, &json!("test")));
    let mut orders = plane.sensor().await.commands(0).await;
    let Message::Snapshot(snapshot) = orders.next().await else { panic!("no snapshot") };
    let snapshot = snapshot.threat_configuration.unwrap();
    assert_eq!((snapshot.revision, snapshot.actor_identity.unwrap().key), (2, identity.key));
    let emptied = admin.ask("modifyThreatConfiguration", json!({"replace": true, "waitSeconds": 0})).await;
    assert_eq!(emptied["configuration"], empty["configuration"]);
    let audit = admin.rows("fetchAudit", json!({"object": "threat configuration"}), "entries", "who").await;
    assert_eq!(audit.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_field() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for (part, value, field) in [
        ("trustedProxies", json!({"cidrs": ["10.0.0.0/99"]}), "trustedProxies.cidrs[0]: "),
        ("trustedProxies", json!({"cidrs": ["0.0.0.0/0"]}), "trustedProxies.cidrs[0]: "),
        ("trustedProxies", json!({"cidrs": [], "header": "via"}), "trustedProxies.header: "),
        ("actorIdentity", json!([{"source": "cookie", "name": "a b"}]), "actorIdentity[0].name: "),
        ("actorIdentity", json!([{"source": "query", "name": "a"}]), "actorIdentity[0].source: "),
        ("rateLimits", json!([{"name": "a", "requests": 1}]), "rateLimits[0].requests: "),
        ("rateLimits", json!([{"name": "a/b", "requests": 9}]), "rateLimits[0].name: "),
        ("rateLimits", json!([{"name": "a", "requests": 9, "windwMinutes": 2}]), "rateLimits[0]"),
        ("enumeration", json!({"distinct": 5, "windowMinutes": 0}), "enumeration.windowMinutes: "),
        ("retentionDays", json!(0), "retentionDays: "),
        ("redaction", json!({"patterns": ["("]}), "redaction.patterns[0]: "),
        ("redaction", json!({"headers": [""]}), "redaction.headers[0]: "),
    ] {
        let error = admin.refused("modifyThreatConfiguration", json!({ part: value })).await;
        assert!(error.starts_with(field), "{part}: {error}");
    }
    assert_eq!(admin.ask("fetchThreatConfiguration", json!({})).await["revision"], Value::Null);
    let analyst = plane.person(Role::Analyst);
    let (status, _) = analyst.try_ask("modifyThreatConfiguration", json!({"retentionDays": 5})).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_actor_by_identity_is_listed_under_it_with_its_address_beside_it() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    let mut known = event();
    known.actor = format!("id:{}", "0a".repeat(16));
    known.actor_address = "8.8.8.8".into();
    let mut bad = event();
    bad.actor = "id:somebody".into();
    plane.sensor().await.send(vec![known.clone(), bad]).await;
    let reply = viewer.ask("fetchSuspectSampleData", json!({"ips": [known.actor]})).await;
    let row = &reply["maliciousEvents"][0];
    assert_eq!(
        (&row["actor"], &row["ip"], &row["country"]),
        (&json!(known.actor), &json!("8.8.8.8"), &json!("US"))
    );
    assert_eq!(
        viewer.ask("fetchSuspectSampleData", json!({})).await["total"],
        1,
        "what is no hash is no actor"
    );
}
