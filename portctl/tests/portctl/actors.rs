use serde_json::json;

use crate::fixture::Server;

const AT: i64 = 1_795_308_476;

#[test]
fn actors_and_the_endpoints_they_attack_are_listed_and_one_actors_deeds() {
    let actor = json!({
        "id": "203.0.113.7", "country": "NL", "latestAttack": "XSS", "latestApiMethod": "GET",
        "latestApiHost": "shop.test", "latestApiEndpoint": "/a", "eventCount": 3, "firstSeenAt": AT, "lastSeenAt": AT,
        "status": "blocked",
    });
    let api = json!({
        "api": "/a", "method": "GET", "host": "shop.test", "requestsCount": 5, "actorsCount": 2, "discoveredAt": AT,
    });
    let deed = json!({
        "url": "/a", "severity": "HIGH", "subCategory": "XSS", "detectedAt": AT, "method": "GET", "host": "shop.test",
    });
    let server = Server::start()
        .answer("/api/fetchThreatActors", 200, json!({"actors": [actor], "total": 9}))
        .answer("/api/fetchThreatApis", 200, json!({"apis": [api], "total": 1}))
        .answer("/api/fetchThreatsForActor", 200, json!({"actorActivities": [deed]}))
        .answer("/api/fetchThreatsForActor", 200, json!({"actorActivities": []}));
    let actors =
        server.portctl(&["actors", "--country", "NL", "--since", "2026-11-22T00:00:00Z", "--limit", "1"]);
    assert!(actors.data.contains("203.0.113.7") && actors.data.contains("blocked"), "{}", actors.data);
    assert_eq!(actors.notes, "1 of 9 actors; --limit N shows more\n");
    let apis = server.portctl(&["apis", "--sort", "requests"]);
    assert_eq!(
        apis.data,
        "METHOD  HOST       URL  REQUESTS  ACTORS  LAST ATTACKED\n\
         GET     shop.test  /a   5         2       2026-11-22 00:47:56Z\n"
    );
    let shown = server.portctl(&["actors", "show", "203.0.113.7", "-o", "jsonl"]);
    assert_eq!(shown.data, format!("{deed}\n"));
    let nobody = server.portctl(&["actors", "show", "203.0.113.8"]);
    assert_eq!(nobody.code, 1);
    let seen = server.seen();
    assert_eq!(
        seen[0].body,
        json!({
            "startTs": 1_795_305_600, "endTs": 0, "sort": {"discoveredAt": -1}, "country": ["NL"], "skip": 0, "limit": 1,
        })
    );
    assert_eq!(seen[1].body["sort"], json!({"requestsCount": -1}));
}

#[test]
fn an_actor_without_a_country_is_shown_with_what_network_it_is_of() {
    let actor = |country: &str, network: serde_json::Value| {
        json!({
            "id": "10.0.0.7", "country": country, "network": network, "latestAttack": "XSS", "latestApiMethod": "GET",
            "latestApiHost": "shop.test", "latestApiEndpoint": "/a", "eventCount": 3, "firstSeenAt": AT, "lastSeenAt": AT,
            "status": "active",
        })
    };
    let actors = [actor("NL", json!(null)), actor("", json!("private")), actor("", json!(null))];
    let event = |country: &str, network: serde_json::Value| {
        json!({
            "id": "e-1", "actor": "10.0.0.7", "country": country, "network": network, "filterId": "XSS", "url": "/a",
            "method": "GET", "timestamp": AT, "refId": "r", "category": "XSS", "subCategory": "XSS", "eventType": "SINGLE",
            "status": "ACTIVE", "host": "shop.test", "severity": "HIGH",
        })
    };
    let events = [event("NL", json!(null)), event("", json!("shared (CGNAT)"))];
    let server = Server::start()
        .answer("/api/fetchThreatActors", 200, json!({"actors": actors, "total": 3}))
        .answer("/api/fetchSuspectSampleData", 200, json!({"maliciousEvents": events, "total": 2}));
    let column = |data: &str, title: &str, next: &str| -> Vec<String> {
        let head = data.lines().next().unwrap();
        let (from, to) = (head.find(title).unwrap(), head.find(next).unwrap());
        data.lines().skip(1).map(|line| line[from..to].trim().to_owned()).collect()
    };
    let run = server.portctl(&["actors"]);
    assert_eq!(column(&run.data, "COUNTRY", "EVENTS"), ["NL", "private", "-"], "{}", run.data);
    let run = server.portctl(&["events"]);
    assert_eq!(column(&run.data, "COUNTRY", "POLICY"), ["NL", "shared (CGNAT)"], "{}", run.data);
}

#[test]
fn completion_is_written_for_each_shell() {
    let server = Server::start();
    for shell in ["bash", "zsh", "fish"] {
        let script = server.portctl(&["completion", shell]);
        assert_eq!(script.code, 0, "{}", script.notes);
        assert!(script.data.contains("portctl") && script.data.contains("follow"), "{shell}");
    }
    assert_eq!(server.portctl(&["completion", "tcsh"]).code, 64);
}
