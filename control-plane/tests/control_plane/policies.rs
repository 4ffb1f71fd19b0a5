//! Policies that people save: checked, kept with their versions, sent to sensors, tried over what is stored.

use control_plane::store::Role;
use portcullis_proto::v1::{Applied, Refusal, SavedPolicy, change::Change, control_message::Message};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{CommandStream, Person, Plane, event};

const STRICT: &str = "id: Strict\ninfo: {name: Strict, remediation: Look twice., severity: LOW}\nfilter:\n  url: {contains_either: [../../etc]}\n";

async fn next(orders: &mut CommandStream) -> (u64, Change) {
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    (revision.number, revision.changes[0].change.clone().unwrap())
}

async fn template(person: &Person, id: &str) -> Value {
    let reply = person.ask("fetchFilterYamlTemplate", json!({})).await;
    let templates = reply["templates"].as_array().unwrap();
    templates.iter().find(|one| one["id"] == id).cloned().unwrap_or_default()
}

fn saved(id: &str, content: &str) -> Change {
    Change::SavePolicy(SavedPolicy { id: id.into(), content: content.into() })
}

#[tokio::test]
async fn a_saved_policy_is_shown_kept_with_its_versions_and_sent_to_sensors() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let mut orders = plane.sensor().await.commands(0).await;
    orders.next().await;

    let reply = admin.ask("saveFilterYamlTemplate", json!({"content": STRICT, "waitSeconds": 0})).await;
    assert_eq!((&reply["template"]["id"], &reply["template"]["origin"]), (&json!("Strict"), &json!("saved")));
    assert_eq!(
        (&reply["template"]["author"], &reply["template"]["content"]),
        (&json!("test"), &json!(STRICT))
    );
    assert_eq!(next(&mut orders).await, (1, saved("Strict", STRICT)));
    let remediation = admin.ask("fetchRemediationInfo", json!({"testId": "Strict"})).await;
    assert_eq!(remediation["remediation"], "Look twice.");

    let set = json!({"templateId": "Strict", "mode": "block", "waitSeconds": 0});
    assert_eq!(admin.ask("setFilterYamlTemplateMode", set).await["template"]["mode"], "block");
    let blocking = STRICT.replacen('\n', "\nmode: block\n", 1);
    assert_eq!(next(&mut orders).await, (2, saved("Strict", &blocking)));
    let again = admin.ask("saveFilterYamlTemplate", json!({"content": blocking, "waitSeconds": 0})).await;
    assert_eq!(again["revision"], 2, "what is saved already is no change");

    let back = json!({"templateId": "Strict", "version": 1, "waitSeconds": 0});
    assert_eq!(admin.ask("rollbackFilterYamlTemplate", back).await["template"]["version"], 3);
    assert_eq!(next(&mut orders).await, (3, saved("Strict", STRICT)));
    let versions = admin.ask("fetchFilterYamlTemplateVersions", json!({"templateId": "Strict"})).await;
    let digests: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|one| &one["digest"]).collect();
    assert_eq!((digests.len(), digests[0]), (3, digests[2]), "{versions}");
    assert_ne!(digests[0], digests[1]);

    let plane = plane.restart().await;
    let admin = plane.person(Role::Admin);
    assert_eq!(template(&admin, "Strict").await["version"], 3);
    admin.ask("deleteFilterYamlTemplate", json!({"templateId": "Strict", "waitSeconds": 0})).await;
    assert_eq!(template(&admin, "Strict").await, Value::Null);
    let versions = admin.ask("fetchFilterYamlTemplateVersions", json!({"templateId": "Strict"})).await;
    assert_eq!((&versions["total"], &versions["versions"][0]["step"]), (&json!(4), &json!("restored")));
    let audit = admin.rows("fetchAudit", json!({"object": "policy Strict"}), "entries", "action").await;
    assert_eq!(audit.len(), 4, "{audit:?}");
}

#[tokio::test]
async fn a_built_in_policy_is_overridden_put_out_of_force_and_restored() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let shipped = template(&admin, "TraceMethod").await;
    assert_eq!((&shipped["origin"], &shipped["inForce"]), (&json!("built-in"), &json!(true)));
    let mine = "id: TraceMethod\nfilter: {method: {eq: TRACE}}\n";
    admin.ask("saveFilterYamlTemplate", json!({"content": mine, "waitSeconds": 0})).await;
    assert_eq!(template(&admin, "TraceMethod").await["origin"], "overriding");

    admin.ask("deleteFilterYamlTemplate", json!({"templateId": "TraceMethod", "waitSeconds": 0})).await;
    let out = template(&admin, "TraceMethod").await;
    assert_eq!((&out["inForce"], &out["content"]), (&json!(false), &shipped["content"]));
    let mut orders = plane.sensor().await.commands(0).await;
    let Message::Snapshot(snapshot) = orders.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.policies, [SavedPolicy { id: "TraceMethod".into(), content: String::new() }]);

    admin.ask("restoreFilterYamlTemplate", json!({"templateId": "TraceMethod", "waitSeconds": 0})).await;
    assert!(matches!(next(&mut orders).await, (3, Change::RestorePolicy(one)) if one.id == "TraceMethod"));
    let restored = template(&admin, "TraceMethod").await;
    assert_eq!((&restored["content"], &restored["version"]), (&shipped["content"], &Value::Null));
}

#[tokio::test]
async fn a_sensor_that_cannot_read_a_policy_says_so_and_does_not_count_as_having_applied_it() {
    let plane = Plane::start().await;
    let (able, unable) = (plane.sensor().await, plane.sensor().await);
    able.commands(0).await.obey();
    let mut orders = unable.commands(0).await;
    orders.next().await;
    let admin = plane.person(Role::Admin);
    let saving = tokio::spawn(async move {
        admin.ask("saveFilterYamlTemplate", json!({"content": STRICT, "waitSeconds": 10})).await
    });
    let (revision, _) = next(&mut orders).await;
    let what = "policy Strict".to_owned();
    let refusal = Refusal { what, reason: "of another version".into(), ..Refusal::default() };
    orders.applied(Applied { revision, refusals: vec![refusal], ..Applied::default() }).await;
    let reply = saving.await.unwrap();
    assert_eq!((&reply["sensors"], &reply["behind"]), (&json!({"total": 2, "applied": 1}), &json!([])));
    let refused = json!([{"sensorId": unable.id, "node": "node-1", "what": "policy Strict", "reason": "of another version"}]);
    assert_eq!(reply["refused"], refused);
}

#[tokio::test]
async fn what_is_wrong_with_a_policy_is_said_with_its_line_and_column() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let wrong = |content: &str| json!({ "content": content });
    for (name, body, problem) in [
        (
            "saveFilterYamlTemplate",
            wrong("id: A\nfilter:\n  urll: {eq: /x}\n"),
            "content: line 3, column 3: ",
        ),
        (
            "testFilterYamlTemplate",
            wrong("id: A\nfilter:\n  urll: {eq: /x}\n"),
            "content: line 3, column 3: ",
        ),
        ("saveFilterYamlTemplate", wrong("id: A b\nfilter: {url: {eq: /x}}\n"), "content: id: "),
        ("saveFilterYamlTemplate", wrong(""), "content: "),
        ("saveFilterYamlTemplate", wrong(&"#".repeat(200_000)), "content: is longer"),
        ("testFilterYamlTemplate", json!({"content": STRICT, "sample": "{"}), "sample: "),
        ("deleteFilterYamlTemplate", json!({"templateId": "Nobody"}), "templateId: "),
        ("restoreFilterYamlTemplate", json!({"templateId": "Nobody"}), "templateId: "),
        ("rollbackFilterYamlTemplate", json!({"templateId": "SQLInjection", "version": 7}), "version: "),
        ("setFilterYamlTemplateMode", json!({"templateId": "SQLInjection", "mode": "loud"}), "mode: "),
    ] {
        let error = admin.refused(name, body.clone()).await;
        assert!(error.starts_with(problem), "{name} {body}: {error}");
    }
    let analyst = plane.person(Role::Analyst);
    let (status, _) = analyst.try_ask("saveFilterYamlTemplate", wrong(STRICT)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_trial_says_what_a_policy_would_find_and_changes_nothing() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut harmless = event();
    harmless.samples[0].path = "/files?name=a.txt".into();
    harmless.actor = "203.0.113.10".into();
    let found = event();
    sensor.send(vec![harmless, found.clone()]).await;
    let analyst = plane.person(Role::Analyst);

    let trial = analyst.ask("testFilterYamlTemplate", json!({"content": STRICT})).await;
    assert_eq!(
        (&trial["evaluated"], &trial["matching"], &trial["isCut"]),
        (&json!(2), &json!(1), &json!(false))
    );
    let matches = trial["matches"].as_array().unwrap();
    assert_eq!((matches.len(), &matches[0]["eventId"]), (1, &json!(found.event_id)));
    assert_eq!(matches[0]["matched"][0]["phrase"], "../../etc");
    let later = json!({"content": STRICT, "startTs": 4_000_000_000_u64});
    assert_eq!(analyst.ask("testFilterYamlTemplate", later).await["evaluated"], 0);

    let asked = json!({"refId": found.ref_id, "eventType": "SINGLE", "actor": "", "filterId": ""});
    let samples = analyst.ask("fetchAggregateMaliciousRequests", asked).await;
    let orig = &samples["maliciousPayloadsResponses"][0]["orig"];
    let trial = analyst.ask("testFilterYamlTemplate", json!({"content": STRICT, "sample": orig})).await;
    assert_eq!((&trial["evaluated"], trial["matches"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(template(&analyst, "Strict").await, Value::Null);
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["revision"], 0);
}
