//! Files of other tools, over REST.

use control_plane::store::Role;
use portcullis_proto::v1::{Endpoint, EndpointName, InventoryUpdate};
use serde_json::{Value, json};

use crate::harness::{Person, Plane};

/// As nuclei 3 writes a line.
fn line(template: &str, url: &str, timestamp: &str) -> Value {
    json!({
        "template-id": template,
        "info": {
            "name": "Git configuration exposed",
            "author": ["someone"],
            "tags": ["config", "git", "exposure"],
            "description": "The repository's configuration is served.\n",
            "reference": ["https://example.com/git"],
            "severity": "medium",
            "classification": {"cve-id": null, "cwe-id": ["cwe-200"]},
        },
        "type": "http",
        "host": "shop.example",
        "matched-at": url,
        "request": "GET /x HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer s3cret\r\n\r\n",
        "response": "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret\r\n\r\n<script>alert(1)</script>",
        "timestamp": timestamp,
        "matcher-status": true,
    })
}

fn nuclei(lines: &[Value]) -> Value {
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    json!({"format": "nuclei", "document": lines.join("\n")})
}

async fn listed(person: &Person, request: Value) -> Vec<Value> {
    person.ask("fetchIssues", request).await["issues"].as_array().unwrap().clone()
}

#[tokio::test]
async fn nucleis_findings_are_one_issue_for_each_endpoint_however_often_and_in_whatever_order_they_come() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let at = |second: u64| format!("2026-03-01T10:00:0{second}.123456789+01:00");
    let first = nuclei(&[
        line("git-config", "https://shop.example/users/17?x=1", &at(1)),
        line("git-config", "https://Shop.example/users/18", &at(5)),
    ]);
    let reply = analyst.ask("importIssues", first.clone()).await;
    assert_eq!((&reply["found"], &reply["created"], &reply["leftOut"]), (&json!(2), &json!(1), &json!(0)));
    assert_eq!(analyst.ask("importIssues", first).await["created"], 0);

    let mut gone = line("git-config", "https://shop.example/users/19", &at(3));
    gone["matcher-status"] = json!(false);
    let reply = analyst.ask("importIssues", nuclei(&[gone.clone()])).await;
    assert_eq!((&reply["clean"], &reply["fixed"]), (&json!(1), &json!(0)), "it was found after that");
    gone["timestamp"] = json!(at(7));
    assert_eq!(analyst.ask("importIssues", nuclei(&[gone])).await["fixed"], 1);

    let issues = listed(&analyst, json!({})).await;
    let [issue] = issues.as_slice() else { panic!("{issues:?}") };
    assert_eq!((&issue["endpoint"], &issue["host"]), (&json!("/users/{id}"), &json!("shop.example")));
    assert_eq!((&issue["status"], &issue["source"]), (&json!("FIXED"), &json!("IMPORT")));
    assert_eq!((&issue["name"], &issue["severity"]), (&json!("Git configuration exposed"), &json!("MEDIUM")));
    assert_eq!(issue["lastSeen"], 1_772_355_605);

    let shown = analyst.ask("fetchIssue", json!({"issueId": issue["issueId"]})).await["issue"].clone();
    assert_eq!((&shown["cwe"], &shown["category"]), (&json!(["CWE-200"]), &json!("config")));
    assert_eq!(shown["affectedEndpoints"][0]["endpoint"], "/users/{id}");
    let evidence = shown["evidence"].to_string();
    assert!(evidence.contains("Authorization: ***") && evidence.contains("<script>"), "{evidence}");
    assert!(!evidence.contains("s3cret"), "{evidence}");
}

#[tokio::test]
async fn a_finding_stands_at_the_endpoint_that_sensors_learned() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let name = EndpointName {
        method: "GET".into(),
        host: "shop.example".into(),
        template: "/shops/{id}/stock".into(),
        vni: None,
    };
    let endpoint = Endpoint { name: Some(name), since_ms: 1, requests: 1, ..Endpoint::default() };
    let update = InventoryUpdate { number: 1, endpoints: vec![endpoint], ..InventoryUpdate::default() };
    sensor.commands(0).await.inventory(update).await;

    let analyst = plane.person(Role::Analyst);
    let found = line("x", "https://shop.example/shops/berlin/stock", "2026-03-01T10:00:00Z");
    analyst.ask("importIssues", nuclei(&[found])).await;
    assert_eq!(listed(&analyst, json!({})).await[0]["endpoint"], "/shops/{id}/stock");
}

#[tokio::test]
async fn what_of_a_file_cannot_be_read_is_told_by_its_place_and_the_rest_is_taken() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let good = line("a", "https://shop.example/a", "2026-03-01T10:00:00Z").to_string();
    let mut odd = line("b", "https://shop.example/b", "yesterday");
    let document = format!("{good}\n\nnot json\n{odd}\n");
    let reply = analyst.ask("importIssues", json!({"format": "nuclei", "document": document})).await;
    assert_eq!((&reply["created"], &reply["skippedCount"]), (&json!(1), &json!(2)));
    assert_eq!(reply["skipped"][0]["place"], "line 3");
    assert_eq!(
        reply["skipped"][1],
        json!({"place": "line 4", "problem": "timestamp: \"yesterday\" is no time of RFC 3339"})
    );

    odd["timestamp"] = json!("2026-03-01T10:00:00Z");
    odd["info"]["severity"] = json!("awful");
    for (format, document, problem) in [
        ("csv", String::new(), "format: \"csv\" is none of sarif, nuclei".to_owned()),
        (
            "nuclei",
            odd.to_string(),
            "document: has no line that is a finding of nuclei; line 1: info.severity: \"awful\" is no \
             severity of nuclei"
                .to_owned(),
        ),
        (
            "sarif",
            json!({"version": "2.0.0", "runs": []}).to_string(),
            "document: is no SARIF 2.1: version: \"2.0.0\" is not 2.1.0".into(),
        ),
        (
            "sarif",
            json!({"version": "2.1.0", "runs": [{"tool": {}}]}).to_string(),
            "document: is no SARIF 2.1: runs[0].tool: missing field `driver`".into(),
        ),
    ] {
        let request = json!({"format": format, "document": document});
        assert_eq!(analyst.refused("importIssues", request).await, problem);
    }
    let dry = json!({"format": "nuclei", "document": good.replace("\"a\"", "\"c\""), "dryRun": true});
    assert_eq!(analyst.ask("importIssues", dry).await["found"], 1);
    assert_eq!(listed(&analyst, json!({})).await.len(), 1);
    let viewer = plane.person(Role::Viewer);
    let (status, _) = viewer.try_ask("importIssues", json!({"format": "nuclei", "document": good})).await;
    assert_eq!(status, 403);
}

fn sarif(successful: bool, results: &Value) -> Value {
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "Scanner", "rules": [
                {
                    "id": "js/xss",
                    "shortDescription": {"text": "Cross-site scripting"},
                    "fullDescription": {"text": "What a user sent becomes a part of the page."},
                    "help": {"text": "Escape it.", "markdown": "**Escape** it."},
                    "helpUri": "https://example.com/xss",
                    "properties": {"tags": ["security", "external/cwe/cwe-079"], "security-severity": "9.3"},
                },
                {"id": "weak-tls", "defaultConfiguration": {"level": "note"}},
            ]}},
            "invocations": [{"executionSuccessful": successful, "endTimeUtc": "2026-03-01T10:00:00.5Z"}],
            "results": results,
        }],
    });
    json!({"format": "sarif", "document": log.to_string()})
}

#[tokio::test]
async fn sarif_tells_of_files_and_of_endpoints_and_of_what_is_gone() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let in_file = json!({
        "ruleIndex": 0,
        "message": {"text": "`name` reaches the page"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/app.js"}, "region": {"startLine": 7}}}],
    });
    let at_endpoint = json!({
        "ruleId": "weak-tls",
        "message": {"text": "TLS 1.0"},
        "webRequest": {"method": "POST", "target": "https://shop.example/orders/5"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "https://shop.example/orders/5"}}}],
    });
    let mut suppressed = in_file.clone();
    suppressed["suppressions"] = json!([{"kind": "inSource"}]);
    let unnamed = json!({"message": {"text": "?"}});
    let results = json!([in_file, at_endpoint, suppressed, unnamed]);
    let reply = analyst.ask("importIssues", sarif(true, &results)).await;
    assert_eq!((&reply["created"], &reply["skippedCount"]), (&json!(2), &json!(2)));
    assert_eq!(reply["skipped"][1], json!({"place": "runs[0].results[3]", "problem": "ruleId: is missing"}));

    let issues = listed(&analyst, json!({})).await;
    let facts = |issue: &Value| ["severity", "method", "endpoint", "name"].map(|key| issue[key].clone());
    assert_eq!(facts(&issues[0]), ["CRITICAL", "", "src/app.js", "Cross-site scripting"].map(Value::from));
    assert_eq!(facts(&issues[1]), ["LOW", "POST", "/orders/{id}", "weak-tls"].map(Value::from));
    assert_eq!((&issues[0]["cwe"], &issues[0]["tags"]), (&json!(["CWE-79"]), &json!(["security"])));

    // The same time as the finding proves nothing, and neither does a run that failed.
    let mut absent = in_file.clone();
    absent["baselineState"] = json!("absent");
    let later = |mut request: Value| {
        let document = request["document"].as_str().unwrap().replace("10:00:00.5Z", "11:00:00Z");
        request["document"] = json!(document);
        request
    };
    assert_eq!(analyst.ask("importIssues", sarif(true, &json!([absent]))).await["fixed"], 0);
    let reply = analyst.ask("importIssues", later(sarif(false, &json!([absent])))).await;
    assert_eq!((&reply["fixed"], &reply["skippedCount"]), (&json!(0), &json!(1)));
    assert_eq!(analyst.ask("importIssues", later(sarif(true, &json!([absent])))).await["fixed"], 1);
    let mut pass = at_endpoint.clone();
    pass["kind"] = json!("pass");
    assert_eq!(analyst.ask("importIssues", later(sarif(true, &json!([pass])))).await["fixed"], 1);
}

#[tokio::test]
async fn people_ignore_issues_with_a_reason_one_by_one_and_by_filter() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let found: Vec<_> = ["a", "b", "c"]
        .map(|path| line(path, &format!("https://shop.example/{path}"), "2026-03-01T10:00:00Z"))
        .into();
    analyst.ask("importIssues", nuclei(&found)).await;
    let issues = listed(&analyst, json!({"sort": {"endpoint": 1}})).await;
    let id = issues[0]["issueId"].clone();

    let ignore =
        json!({"issueId": id, "status": "IGNORED", "ignoreReason": "FALSE_POSITIVE", "note": "ours"});
    assert_eq!(analyst.ask("updateIssueStatus", ignore.clone()).await["updatedCount"], 1);
    let shown = analyst.ask("fetchIssue", json!({"issueId": id})).await["issue"].clone();
    assert_eq!(shown["status"], "IGNORED");
    let ignored = &shown["ignored"];
    assert_eq!((&ignored["reason"], &ignored["note"]), (&json!("FALSE_POSITIVE"), &json!("ours")));
    assert_eq!(ignored["by"], "test");

    let request =
        json!({"endpoints": ["/b", "/nowhere"], "status": "IGNORED", "ignoreReason": "ACCEPTABLE_RISK"});
    assert_eq!(analyst.ask("bulkUpdateIssueStatus", request).await["updatedCount"], 1);
    let reply = analyst.ask("fetchIssues", json!({"statusFilter": "OPEN"})).await;
    assert_eq!(reply["counts"], json!({"open": 1, "fixed": 0, "ignored": 2}));
    assert_eq!((&reply["total"], &reply["issues"][0]["endpoint"]), (&json!(1), &json!("/c")));
    let reopen = json!({"statusFilter": "IGNORED", "status": "OPEN"});
    assert_eq!(analyst.ask("bulkUpdateIssueStatus", reopen).await["updatedCount"], 2);

    for (change, problem) in [
        (
            json!({"issueId": null, "issueIds": null}),
            "issueIds: name issues by issueId, issueIds or a filter",
        ),
        (json!({"issueId": "x"}), "issueId: \"x\" is no issue's id: 32 hexadecimal digits"),
        (
            json!({"status": "FIXED"}),
            "status: FIXED is for scans to say: one that tries the endpoint again and does not find it",
        ),
        (
            json!({"ignoreReason": null}),
            "ignoreReason: says why: one of FALSE_POSITIVE, ACCEPTABLE_RISK, NO_TIME_TO_FIX",
        ),
        (json!({"status": "OPEN"}), "ignoreReason: goes with status IGNORED"),
    ] {
        let mut request = ignore.clone();
        for (key, value) in change.as_object().unwrap() {
            request[key] = value.clone();
        }
        assert_eq!(analyst.refused("updateIssueStatus", request).await, problem);
    }
    assert_eq!(
        analyst.refused("fetchIssue", json!({"issueId": "0".repeat(32)})).await,
        "issueId: there is no such issue; fetchIssues shows those there are"
    );
    let audit = plane.person(Role::Admin).ask("fetchAudit", json!({"action": ["updateIssueStatus"]})).await;
    assert_eq!(audit["entries"][0]["object"], format!("issue {}", id.as_str().unwrap()));
}
