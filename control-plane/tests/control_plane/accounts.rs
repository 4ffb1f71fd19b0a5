//! Accounts never see nor touch each other's data, whatever is asked.

use control_plane::{auth::command_line, fleet::JoinTerms, fleet::create_join_token, store::Role};
use portcullis_proto::v1::{Endpoint, EndpointName, InventoryUpdate, SensorReport, ThreatEvent};
use reqwest::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::harness::{NOON, Person, Plane, TestSensor, event};

/// What an account is filled with: every text and id of it is one that no other account has.
struct Filled {
    person: Person,
    /// What must never be seen from elsewhere.
    canaries: Vec<String>,
}

fn canary(name: &str) -> String {
    format!("canary-of-{name}")
}

async fn fill(person: Person, sensor: TestSensor, name: &str, actor: &str) -> Filled {
    let canary = canary(name);
    let mut told = event();
    told.actor = actor.into();
    told.url = format!("/{canary}");
    told.host = format!("{canary}.test");
    told.policy_id = format!("Policy-{canary}");
    told.category = canary.clone();
    told.sub_category = canary.clone();
    told.ref_id = canary.clone();
    for sample in &mut told.samples {
        sample.source_ip = actor.into();
        sample.path = format!("/{canary}");
        sample.response_payload = canary.clone().into_bytes();
    }
    let ids = vec![told.event_id.clone(), sensor.id.clone()];
    let ignored = ThreatEvent {
        event_id: Uuid::now_v7().to_string(),
        url: format!("/ignored-{canary}"),
        ..told.clone()
    };
    sensor.send(vec![told, ignored]).await;
    let mut stream = sensor.commands(0).await;
    stream.next().await;
    stream.report(SensorReport { capture_mode: canary.clone(), ..SensorReport::default() }).await;
    let learned = Endpoint {
        name: Some(EndpointName {
            method: "GET".into(),
            host: format!("{canary}.test"),
            template: format!("/{canary}/{{id}}"),
            vni: None,
        }),
        first_seen_ms: NOON * 1000,
        last_seen_ms: NOON * 1000,
        requests: 1,
        ..Endpoint::default()
    };
    stream
        .inventory(InventoryUpdate { number: 1, endpoints: vec![learned], ..InventoryUpdate::default() })
        .await;
    // Else every order would wait for it.
    drop(stream);

    person.ask("addBlock", json!({ "cidr": actor, "reason": canary })).await;
    let allowed = format!("198.51.100.{}", name.len());
    person.ask("addAllowed", json!({ "cidr": allowed, "reason": canary })).await;
    let ignore = json!({ "urls": [format!("/ignored-{canary}")], "status": "IGNORED" });
    assert_eq!(person.ask("updateMaliciousEventStatus", ignore).await["updatedCount"], 1);
    person
        .ask("addUser", json!({ "name": canary, "role": "viewer", "password": "four words of some length" }))
        .await;
    person.ask("addKey", json!({ "name": canary, "role": "viewer" })).await;
    let target = json!({ "name": canary, "kind": "webhook", "url": "https://example.com/hook" });
    person.ask("addNotifyTarget", target).await;
    // Nothing is to leave the machine.
    person.ask("modifyNotifyTarget", json!({ "name": canary, "enabled": false })).await;
    Filled { person, canaries: [vec![canary, actor.to_owned()], ids].concat() }
}

/// A body that the document says this call takes, with these texts.
fn body(schema: &Value, text: &str) -> Value {
    let mut body = Map::new();
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if required.iter().any(|one| **one == **name) {
            body.insert(name.clone(), value(property, name, text));
        }
    }
    Value::Object(body)
}

fn value(schema: &Value, name: &str, text: &str) -> Value {
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        kind => kind.clone(),
    };
    match kind.as_str().unwrap_or("object") {
        "integer" | "number" if name.starts_with("end") => json!(4_000_000_000_u64),
        "integer" | "number" => json!(0),
        "boolean" => json!(true),
        "array" => json!([value(&schema["items"], name, text)]),
        "string" => json!(text),
        _ => body(schema, text),
    }
}

/// Every call of the document, with a body for it.
async fn calls(plane: &Plane, text: &str) -> Vec<(String, Value)> {
    let document: Value =
        reqwest::get(format!("{}/api/openapi.json", plane.url())).await.unwrap().json().await.unwrap();
    let paths = document["paths"].as_object().unwrap();
    let calls: Vec<_> = paths
        .iter()
        .filter_map(|(path, methods)| {
            let name = path.strip_prefix("/api/")?;
            let schema = &methods["post"]["requestBody"]["content"]["application/json"]["schema"];
            Some((name.to_owned(), body(schema, text)))
        })
        .collect();
    assert!(calls.len() > 40, "{}", calls.len());
    calls
}

async fn text_of(plane: &Plane, person: &Person, name: &str, body: &Value) -> (StatusCode, String) {
    let response = reqwest::Client::new()
        .post(format!("{}/api/{name}", plane.url()))
        .header("x-api-key", person.key())
        .json(body)
        .send()
        .await
        .unwrap();
    (response.status(), response.text().await.unwrap())
}

/// Two accounts, the operator's first.
async fn two(plane: &Plane) -> (Filled, Filled) {
    let tenant = plane.account("acme").await;
    let of_tenant = plane.sensor_of(&plane.store_of("acme")).await;
    let own = fill(plane.person(Role::Admin), plane.sensor().await, "operator", "203.0.113.77").await;
    let theirs = fill(tenant, of_tenant, "tenant", "203.0.113.166").await;
    (own, theirs)
}

#[tokio::test]
async fn no_reply_to_one_account_holds_anything_of_another() {
    let plane = Plane::start().await;
    let (own, tenant) = two(&plane).await;
    for (who, other) in [(&own, &tenant), (&tenant, &own)] {
        let mut seen = String::new();
        let mut answered = 0;
        for (name, mut body) in calls(&plane, "x").await {
            // What changes something is the other test's.
            let reads = name.starts_with("fetch") || name.starts_with("get") || name.starts_with("export");
            if !reads {
                continue;
            }
            let (status, reply) = text_of(&plane, &who.person, &name, &body).await;
            assert!(!status.is_server_error(), "{name}: {reply}");
            answered += usize::from(status.is_success());
            for canary in &other.canaries {
                assert!(!reply.contains(canary), "{name} {body} shows {canary}: {reply}");
            }
            seen.push_str(&reply);
            // And when it is asked for what is the other's.
            if let Some(fields) = body.as_object_mut() {
                for (key, canary) in [
                    ("actor", 1),
                    ("actorIp", 1),
                    ("ips", 1),
                    ("urls", 0),
                    ("host", 0),
                    ("refId", 0),
                    ("id", 2),
                ] {
                    let canary = &other.canaries[canary];
                    let given = if key.ends_with('s') { json!([canary]) } else { json!(canary) };
                    fields.insert(key.to_owned(), given);
                }
            }
            let (_, reply) = text_of(&plane, &who.person, &name, &body).await;
            let only_theirs = ["canary-of-", "203.0.113."];
            let rows: Value = serde_json::from_str(&reply).unwrap_or_default();
            for list in ["maliciousEvents", "maliciousPayloadsResponses", "actors", "blocks", "alerts"] {
                let rows = rows[list].to_string();
                let theirs = other.canaries.iter().any(|canary| rows.contains(canary));
                assert!(!theirs, "{name} gives rows of {only_theirs:?}: {rows}");
            }
        }
        assert!(answered > 15, "{answered}");
        assert!(seen.contains(&who.canaries[0]), "one's own data is there to be seen");
    }
}

/// What an account's own people see of it, without what moves by itself.
async fn picture(filled: &Filled) -> Value {
    let person = &filled.person;
    let mut picture = Map::new();
    for name in [
        "fetchSuspectSampleData",
        "fetchThreatActors",
        "fetchBlocklist",
        "fetchAllowed",
        "fetchSuppressions",
        "fetchUsers",
        "fetchNotifyTargets",
        "fetchInventory",
        "fetchGateMode",
        "fetchCaptureRules",
    ] {
        let (status, reply) =
            person.try_ask(name, json!({ "startTimestamp": 0, "limit": 50, "sort": {} })).await;
        if status.is_success() {
            picture.insert(
                name.to_owned(),
                without(&reply, &["endTimestamp", "endTs", "remainingSeconds", "revision"]),
            );
        }
    }
    let mut keys = person.ask("fetchKeys", json!({})).await;
    for key in keys["keys"].as_array_mut().unwrap() {
        key["lastUsedAt"].take();
    }
    picture.insert("keys".into(), keys);
    let sensors = person.ask("fetchSensors", json!({})).await;
    picture.insert("revoked".into(), sensors["sensors"][0]["revokedAt"].clone());
    assert!(picture.len() > 7, "{:?}", picture.keys());
    Value::Object(picture)
}

fn without(value: &Value, keys: &[&str]) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(key, _)| !keys.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), without(value, keys)))
            .collect(),
        Value::Array(items) => items.iter().map(|item| without(item, keys)).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn no_call_of_one_account_changes_anything_of_another() {
    let plane = Plane::start().await;
    let (own, tenant) = two(&plane).await;
    for (who, other) in [(&tenant, &own), (&own, &tenant)] {
        let before = picture(other).await;
        let actor = &other.canaries[1];
        for canary in other.canaries.iter().filter(|canary| *canary != actor) {
            for (name, mut body) in calls(&plane, canary).await {
                // The operator's right, tested elsewhere.
                if name == "removeAccount" || name == "addAccount" {
                    continue;
                }
                if let Some(fields) = body.as_object_mut() {
                    for key in [
                        "id",
                        "ids",
                        "eventId",
                        "eventIds",
                        "refId",
                        "actorIp",
                        "actorIps",
                        "name",
                        "cidr",
                        "waitSeconds",
                    ] {
                        let given = match key {
                            "waitSeconds" => json!(0),
                            "cidr" | "actorIp" => json!(actor),
                            key if key.ends_with('s') => json!([canary]),
                            _ => json!(canary),
                        };
                        fields.entry(key).or_insert(given);
                    }
                }
                let (status, reply) = text_of(&plane, &who.person, &name, &body).await;
                assert!(!status.is_server_error(), "{name} {body}: {reply}");
            }
        }
        assert_eq!(picture(other).await, before);
    }
}

#[tokio::test]
async fn a_key_or_session_of_another_account_opens_nothing() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    plane.account("other").await;
    let client = reqwest::Client::new();
    // The same bits under another name are another secret.
    let bits = tenant.key().strip_prefix("pck_acme_").unwrap();
    for forged in [format!("pck_{bits}"), format!("pck_other_{bits}"), format!("pck_nobody_{bits}")] {
        let forged = Person::new(plane.url(), forged);
        assert_eq!(forged.try_ask("fetchSensors", json!({})).await.0, StatusCode::UNAUTHORIZED);
    }
    let session = client
        .post(format!("{}/session", plane.url()))
        .json(&json!({ "apiKey": tenant.key() }))
        .send()
        .await
        .unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    assert!(cookie.starts_with("portcullis_session=pcs_acme_"), "{cookie}");
    for (cookie, expected) in [
        (cookie.clone(), StatusCode::OK),
        (cookie.replace("pcs_acme_", "pcs_"), StatusCode::UNAUTHORIZED),
        (cookie.replace("pcs_acme_", "pcs_other_"), StatusCode::UNAUTHORIZED),
    ] {
        let asked =
            client.get(format!("{}/session", plane.url())).header("cookie", cookie).send().await.unwrap();
        assert_eq!(asked.status(), expected);
        if expected == StatusCode::OK {
            assert_eq!(asked.json::<Value>().await.unwrap()["account"], "acme");
        }
    }
}

#[tokio::test]
async fn people_log_in_to_the_account_that_they_name() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    let password = "four words of some length";
    tenant.ask("addUser", json!({ "name": "ada", "role": "viewer", "password": password })).await;
    let log_in = async |account: Option<&str>| {
        let body = json!({ "name": "ada", "password": password, "account": account });
        let client = reqwest::Client::new();
        client.post(format!("{}/session", plane.url())).json(&body).send().await.unwrap().status()
    };
    assert_eq!(log_in(Some("acme")).await, StatusCode::NO_CONTENT);
    for elsewhere in [None, Some("1000000"), Some("nobody"), Some("../acme")] {
        assert_eq!(log_in(elsewhere).await, StatusCode::UNAUTHORIZED, "{elsewhere:?}");
    }
}

#[tokio::test]
async fn only_admins_of_the_operator_make_list_and_remove_accounts() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    let analyst = plane.person(Role::Analyst);
    for (name, body) in [
        ("fetchAccounts", json!({})),
        ("addAccount", json!({ "id": "more" })),
        ("removeAccount", json!({ "id": "acme", "deleteData": true })),
    ] {
        assert_eq!(tenant.try_ask(name, body.clone()).await.0, StatusCode::FORBIDDEN, "{name}");
        assert_eq!(analyst.try_ask(name, body).await.0, StatusCode::FORBIDDEN, "{name}");
    }
    let admin = plane.person(Role::Admin);
    for (body, field) in [
        (json!({ "id": "../x" }), "id: "),
        (json!({ "id": "acme" }), "id: "),
        (json!({ "id": "1000000" }), "id: "),
        (json!({ "id": "b", "name": "two\nlines" }), "name: "),
    ] {
        assert!(admin.refused("addAccount", body).await.starts_with(field));
    }
    assert!(
        admin
            .refused("removeAccount", json!({ "id": "acme", "deleteData": false }))
            .await
            .starts_with("deleteData")
    );
    assert_eq!(admin.ask("fetchAccounts", json!({})).await["accounts"][0]["id"], "acme");
    let made = admin.ask("fetchAudit", json!({})).await.to_string();
    assert!(made.contains("addAccount") && made.contains("account acme"), "{made}");
}

#[tokio::test]
async fn a_removed_account_is_shut_at_once_and_its_data_is_gone() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    let sensor = plane.sensor_of(&plane.store_of("acme")).await;
    sensor.send(vec![event()]).await;
    let mut stream = sensor.commands(0).await;
    plane.person(Role::Admin).ask("removeAccount", json!({ "id": "acme", "deleteData": true })).await;
    assert_eq!(tenant.try_ask("fetchSensors", json!({})).await.0, StatusCode::UNAUTHORIZED);
    assert_ne!(stream.end().await.code(), tonic::Code::Ok);
    assert!(sensor.events().await.is_err());
    assert!(!plane.folder.path().join("accounts/acme").exists());
    let again = plane.account("acme").await;
    assert_eq!(again.ask("fetchSensors", json!({})).await["total"], 0);
    assert_eq!(tenant.try_ask("fetchSensors", json!({})).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_account_made_beside_the_running_server_is_there_at_once_and_after_a_restart() {
    let plane = Plane::start().await;
    let folder = plane.folder.path().to_str().unwrap().to_owned();
    let run = |arguments: &[&str]| {
        let done = std::process::Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .args(["--data-dir", &folder])
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    };
    let key = run(&["accounts", "create", "acme", "--name", "Acme"]);
    let tenant = Person::new(plane.url(), key.clone());
    assert_eq!(tenant.ask("fetchSensors", json!({})).await["total"], 0);
    let token = run(&["join-token", "create", "--account", "acme"]);
    assert!(token.starts_with("pcj_acme_"));
    let secret = token.split('@').next().unwrap();
    TestSensor::enroll(&format!("http://{}", plane.server.grpc), secret).await.unwrap();
    let plane = plane.restart().await;
    let tenant = Person::new(plane.url(), key);
    assert_eq!(tenant.ask("fetchSensors", json!({})).await["total"], 1);
    assert_eq!(plane.person(Role::Admin).ask("fetchSensors", json!({})).await["total"], 0);
}

#[tokio::test]
async fn a_join_token_enrols_for_its_account_alone() {
    let plane = Plane::start().await;
    plane.account("acme").await;
    let terms = JoinTerms { lifetime: std::time::Duration::from_secs(60), uses: 100 };
    let token = create_join_token(&plane.store_of("acme"), &command_line("test"), terms).unwrap();
    let url = format!("http://{}", plane.server.grpc);
    let bits = token.reveal().strip_prefix("pcj_acme_").unwrap();
    assert!(TestSensor::enroll(&url, &format!("pcj_{bits}")).await.is_err());
    let sensor = TestSensor::enroll(&url, token.reveal()).await.unwrap();
    // A sensor that names another account is told so, and what it sends goes nowhere.
    sensor.send(vec![ThreatEvent { account_id: "1000000".into(), ..event() }, event()]).await;
    let list = json!({ "startTimestamp": 0, "limit": 50, "sort": {} });
    assert_eq!(plane.person(Role::Viewer).ask("fetchSuspectSampleData", list).await["total"], 0);
}

/// What an account lists: the urls of its events, in order.
async fn urls(person: &Person) -> Vec<String> {
    let list = json!({ "startTimestamp": 0, "limit": 50, "sort": {} });
    let rows = person.rows("fetchSuspectSampleData", list, "maliciousEvents", "url").await;
    let mut urls: Vec<_> = rows.iter().map(|url| url.as_str().unwrap().to_owned()).collect();
    urls.sort_unstable();
    urls
}

fn seen_in(vni: Option<u32>, url: &str) -> ThreatEvent {
    ThreatEvent { vni, url: url.into(), event_id: Uuid::now_v7().to_string(), ..event() }
}

#[tokio::test]
async fn what_is_seen_in_a_mapped_network_goes_to_its_account_alone_whatever_the_sensor_says() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    let admin = plane.person(Role::Admin);
    let yaml = "vnis:\n  - vni: 7\n    account: acme\n    collection: 12\n  - {vni: 9, collection: 3}\n";
    admin.ask("modifyVniMapping", json!({ "yaml": yaml })).await;
    assert_eq!(admin.ask("fetchVniMapping", json!({})).await["yaml"], yaml);

    let sensor = plane.sensor().await;
    let lying = ThreatEvent { account_id: "1000000".into(), ..seen_in(Some(7), "/lying") };
    // As a sensor of before: only its samples say where.
    let mut earlier = seen_in(None, "/earlier");
    earlier.samples.iter_mut().for_each(|sample| sample.vni = Some(7));
    let mut mixed = seen_in(None, "/mixed");
    mixed.samples.push(mixed.samples[0].clone());
    mixed.samples[0].vni = Some(7);
    let events = vec![
        seen_in(Some(7), "/theirs"),
        lying,
        earlier,
        mixed,
        seen_in(Some(8), "/unmapped"),
        seen_in(Some(9), "/own"),
        seen_in(None, "/bare"),
    ];
    sensor.send(events.clone()).await;
    // After a lost acknowledgement everything comes again.
    sensor.send(events).await;
    assert_eq!(urls(&tenant).await, ["/earlier", "/lying", "/theirs"]);
    assert_eq!(urls(&admin).await, ["/bare", "/mixed", "/own", "/unmapped"]);
    let list = json!({ "startTimestamp": 0, "limit": 50, "sort": {} });
    let theirs = tenant.ask("fetchSuspectSampleData", list).await;
    for row in theirs["maliciousEvents"].as_array().unwrap() {
        assert_eq!((&row["apiCollectionId"], &row["sensorId"]), (&json!(12), &json!("operator")));
    }
    assert!(!theirs.to_string().contains(&sensor.id));
    let ingest = admin.ask("fetchSensors", json!({})).await["sensors"][0]["ingest"].take();
    assert_eq!(
        (&ingest["received"], &ingest["passedOn"], &ingest["stored"]),
        (&json!(14), &json!(6), &json!(4))
    );

    let endpoint = |vni, template: &str| Endpoint {
        name: Some(EndpointName {
            method: "GET".into(),
            host: "shop.example".into(),
            template: template.into(),
            vni,
        }),
        requests: 5,
        first_seen_ms: NOON * 1000,
        last_seen_ms: NOON * 1000,
        ..Endpoint::default()
    };
    let mut stream = sensor.commands(0).await;
    stream.next().await;
    let endpoints = vec![
        endpoint(Some(7), "/same"),
        endpoint(None, "/same"),
        endpoint(Some(8), "/same"),
        endpoint(Some(7), "/theirs"),
    ];
    stream.inventory(InventoryUpdate { number: 1, endpoints, ..InventoryUpdate::default() }).await;
    let templates = async |person: &Person| {
        let reply = person.ask("fetchInventory", json!({ "limit": 50 })).await;
        let rows = reply["endpoints"].as_array().unwrap().clone();
        let mut rows: Vec<_> = rows
            .iter()
            .map(|row| (row["template"].as_str().unwrap().to_owned(), row["requests"].as_u64().unwrap()))
            .collect();
        rows.sort_unstable();
        rows
    };
    assert_eq!(templates(&tenant).await, [("/same".to_owned(), 5), ("/theirs".to_owned(), 5)]);
    assert_eq!(templates(&admin).await, [("/same".to_owned(), 10)]);
}

#[tokio::test]
async fn a_mapping_with_a_mistake_changes_nothing_and_names_the_line() {
    let plane = Plane::start().await;
    let tenant = plane.account("acme").await;
    let admin = plane.person(Role::Admin);
    let good = "vnis:\n  - vni: 7\n    account: acme\n";
    admin.ask("modifyVniMapping", json!({ "yaml": good })).await;
    let bad = "vnis:\n  - vni: 7\n    account: acme\n  - vni: 8\n    account: nobody\n";
    let error = admin.refused("modifyVniMapping", json!({ "yaml": bad })).await;
    assert!(error.starts_with("yaml: line 4: there is no account nobody"), "{error}");
    let remove = json!({ "id": "acme", "deleteData": true });
    assert!(admin.refused("removeAccount", remove.clone()).await.contains("VNIs belong to this account"));
    assert_eq!(tenant.try_ask("fetchVniMapping", json!({})).await.0, StatusCode::FORBIDDEN);
    let plane = plane.restart().await;
    let sensor = plane.sensor().await;
    sensor.send(vec![seen_in(Some(7), "/theirs")]).await;
    let tenant = Person::new(plane.url(), tenant.key().to_owned());
    assert_eq!(urls(&tenant).await, ["/theirs"]);
    let admin = plane.person(Role::Admin);
    assert_eq!(urls(&admin).await, Vec::<String>::new());
    admin.ask("modifyVniMapping", json!({ "yaml": "" })).await;
    admin.ask("removeAccount", remove).await;
}
