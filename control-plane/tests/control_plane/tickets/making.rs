//! What is made at each kind of tracker.

use serde_json::{Value, json};

use super::{
    setup::{CONSOLE, connected, found},
    tracker::Kind,
};
use crate::harness::event;

#[tokio::test]
async fn an_issue_becomes_a_ticket_of_jira_cloud_in_which_nothing_acts() {
    let (_plane, admin, tracker) =
        connected(Kind::JiraCloud, json!({"fields": {"priority": {"name": "High"}, "labels": ["api"]}}))
            .await;
    let issue = found(&admin, "git-config").await;
    let made = admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    assert_eq!((&made["selected"], &made["created"]), (&json!(1), &json!(1)), "{made}");
    tracker.is_content();

    let [item] = &tracker.items()[..] else { panic!("{made}") };
    assert_eq!(item.fields["priority"], json!({"name": "High"}));
    assert!(item.labels[..2] == ["api", "portcullis"] && item.labels[2].starts_with("portcullis-"));
    let summary = item.fields["summary"].as_str().unwrap();
    assert!(summary.starts_with("[HIGH] Git exposed <img"), "{summary}");
    assert!(summary.ends_with("GET shop.example/.git/config"), "{summary}");
    // Text nodes alone: an ADF document has no other way to act.
    let link = format!("{CONSOLE}/issues/{}", issue["issueId"].as_str().unwrap());
    let description = item.fields["description"].to_string();
    assert!(description.contains(&link) && description.contains("Do not serve it."), "{description}");
    assert_eq!(description.matches("\"marks\"").count(), 1, "{description}");

    let url = json!(format!("{}/browse/SEC-1", tracker.url()));
    let ticket = json!({
        "integration": "board", "key": "SEC-1", "url": url, "state": "OPEN", "trackerState": "To Do", "problem": "",
    });
    let listed = admin.ask("fetchIssues", json!({})).await;
    assert_eq!(listed["issues"][0]["ticket"], ticket);
    let shown = admin.ask("fetchIssue", json!({"issueId": issue["issueId"]})).await;
    assert_eq!(shown["issue"]["ticket"], ticket);
}

#[tokio::test]
async fn a_ticket_of_jira_server_is_wiki_markup_with_masked_payloads() {
    let template = json!({"description": "{name}\n\n# Request\n{request}\n# Answer\n{response}\n{link}"});
    let (_plane, admin, tracker) = connected(Kind::JiraServer, template).await;
    let issue = found(&admin, "git-config").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    tracker.is_content();
    let text = tracker.items()[0].fields["description"].as_str().unwrap().to_owned();
    assert!(
        text.starts_with("Git exposed <img src=x onerror=alert\\(1\\)> \\{html\\}x\\{html\\} \\*b\\*"),
        "{text}"
    );
    assert!(text.contains("h3. Request\n\n{noformat}\nGET /.git/config HTTP/1.1"), "{text}");
    assert!(text.contains("Authorization: ***") && !text.contains("s3cret"), "{text}");
    assert_eq!(text.matches("{noformat}").count(), 4, "the answer ended its block: {text}");
    assert!(text.ends_with(&format!("[{CONSOLE}/issues/{}]", issue["issueId"].as_str().unwrap())), "{text}");
}

#[tokio::test]
async fn an_event_becomes_a_work_item_of_azure_and_names_it() {
    let (plane, admin, tracker) = connected(
        Kind::AzureBoards,
        json!({"fields": {"System.Tags": "api", "Microsoft.VSTS.Common.Severity": "2 - High"}}),
    )
    .await;
    let sensor = plane.sensor().await;
    let mut sent = event();
    sent.url = "/files/<script>alert(1)</script>".into();
    sensor.send(vec![sent.clone()]).await;
    let made = admin.ask("createTicketsForEvents", json!({"eventId": sent.event_id})).await;
    assert_eq!(made["created"], 1, "{made}");
    tracker.is_content();
    let [item] = &tracker.items()[..] else { panic!("{made}") };
    assert_eq!(item.labels[..2], ["api", "portcullis"]);
    assert_eq!(item.fields["Microsoft.VSTS.Common.Severity"], "2 - High");
    let text = item.fields["System.Description"].as_str().unwrap();
    assert!(!text.contains("<script>") && text.contains("&lt;script&gt;"), "{text}");
    assert!(
        text.contains("Actor: 203.0.113.9") && text.contains("<pre>query.name: ../../etc</pre>"),
        "{text}"
    );

    let listed = admin.ask("fetchSuspectSampleData", json!({})).await;
    let row = &listed["maliciousEvents"][0];
    let url = format!("{}/Web%20Shop/_workitems/edit/17", tracker.url());
    assert_eq!((&row["ticket"]["key"], &row["ticket"]["state"]), (&json!("17"), &json!("OPEN")));
    assert_eq!((&row["jiraTicketUrl"], &row["ticket"]["url"]), (&json!(url), &json!(url)));
}

#[tokio::test]
async fn a_ticket_that_people_made_is_linked_and_told_so_and_unlinked_again() {
    for kind in [Kind::JiraCloud, Kind::JiraServer, Kind::AzureBoards] {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let (mine, other) = (found(&admin, "mine").await, found(&admin, "other").await);
        let made = admin.ask("createTicketsForIssues", json!({"issueIds": [other["issueId"]]})).await;
        let key = made["tickets"][0]["key"].clone();
        admin.ask("unlinkTicket", json!({"issueId": other["issueId"]})).await;
        let asked = json!({"issueId": mine["issueId"], "key": key});
        let linked = admin.ask("linkTicket", asked.clone()).await;
        assert_eq!((&linked["ticket"]["linked"], &linked["ticket"]["state"]), (&json!(true), &json!("OPEN")));
        let comments = tracker.items()[0].comments.clone();
        let said = Value::Array(comments).to_string();
        assert!(
            said.contains("Linked with issue") && said.contains(mine["issueId"].as_str().unwrap()),
            "{said}"
        );
        let twice = admin.refused("linkTicket", asked).await;
        assert!(twice.contains("unlinkTicket"), "{twice}");
        let unknown = if kind == Kind::AzureBoards { "99" } else { "SEC-99" };
        let asked = json!({"issueId": other["issueId"], "key": unknown});
        let refusal = admin.refused("linkTicket", asked).await;
        assert!(refusal.starts_with("key: the tracker "), "{refusal}");
        let refusal = admin.refused("linkTicket", json!({"issueId": other["issueId"], "key": "../x"})).await;
        assert!(refusal.starts_with("key: is PROJ-17"), "{refusal}");
        tracker.is_content();
        admin.ask("unlinkTicket", json!({"issueId": mine["issueId"]})).await;
        assert_eq!(admin.ask("fetchTickets", json!({})).await["total"], 0);
    }
}
