//! What goes wrong is kept, shown and tried again.

use std::time::{Duration, Instant};

use control_plane::store::Role;
use serde_json::json;

use super::{
    setup::{connected, found, ticket_when, when},
    tracker::{Fault, Kind, TOKEN, USER},
};
use crate::notify::receiver::to_loopback;

#[tokio::test]
async fn what_the_tracker_refuses_is_kept_with_its_words_and_tried_again_when_asked() {
    let (_plane, admin, tracker) =
        connected(Kind::JiraCloud, json!({"fields": {"customfield_7": "x"}})).await;
    let issue = found(&admin, "one").await;
    let asked = json!({"issueIds": [issue["issueId"]]});
    let made = admin.ask("createTicketsForIssues", asked.clone()).await;
    assert_eq!((&made["failed"], &made["tickets"][0]["state"]), (&json!(1), &json!("FAILED")));
    let problem = made["tickets"][0]["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("answered 400: customfield_7: Field 'customfield_7' cannot be set."),
        "{problem}"
    );
    admin.ask("modifyTicketIntegration", json!({"name": "board", "fields": {}})).await;
    let made = admin.ask("createTicketsForIssues", asked).await;
    assert_eq!((&made["created"], &made["tickets"][0]["problem"]), (&json!(1), &json!("")), "{made}");
    tracker.is_content();
}

#[tokio::test]
async fn credentials_that_are_over_stop_everything_until_there_are_others() {
    for kind in [Kind::JiraCloud, Kind::AzureBoards] {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        tracker.with(|held| held.token = "another".to_owned());
        let issue = found(&admin, "one").await;
        admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]], "waitSeconds": 0})).await;
        let failing = when(&admin, "fetchTicketIntegrations", json!({}), "/integrations/0", |one| {
            one["failures"].as_u64() > Some(0)
        })
        .await;
        let said = if kind == Kind::AzureBoards { "answered 203: the credentials" } else { "answered 401" };
        assert!(failing["problem"].as_str().unwrap().starts_with(said), "{failing}");
        assert!(failing["nextAttemptAt"].is_i64() && failing["queued"] == 1, "{failing}");
        let tried = admin.ask("testTicketIntegration", json!({"name": "board"})).await;
        assert_eq!(tried["works"], false, "{tried}");
        assert!(tried["detail"].as_str().unwrap().starts_with(said), "{tried}");

        let user = if kind == Kind::JiraCloud { json!(USER) } else { json!(null) };
        let change = json!({"name": "board", "user": user, "token": "another"});
        admin.ask("modifyTicketIntegration", change).await;
        ticket_when(&admin, &issue, |ticket| ticket["state"] == "OPEN").await;
        let tried = admin.ask("testTicketIntegration", json!({"name": "board"})).await;
        assert_eq!(tried["works"], true, "{tried}");
        let healed =
            when(&admin, "fetchTicketIntegrations", json!({}), "/integrations/0", |one| one["failures"] == 0)
                .await;
        assert_eq!((&healed["problem"], &healed["created"]), (&json!(""), &json!(1)));
        assert_eq!(tracker.items().len(), 1);
    }
}

#[tokio::test]
async fn a_tracker_that_wants_to_be_let_alone_is_for_so_long() {
    let (_plane, admin, tracker) = connected(Kind::JiraCloud, json!({})).await;
    let issue = found(&admin, "one").await;
    // Its first word, to the look at all tickets, is over.
    when(&admin, "fetchTicketIntegrations", json!({}), "/integrations/0", |one| !one["polledAt"].is_null())
        .await;
    tracker.fault(Fault { retry_after: Some(4), ..Fault::new("POST", "/issue", 429, json!({})) });
    let began = Instant::now();
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]], "waitSeconds": 0})).await;
    let failing =
        when(&admin, "fetchTicketIntegrations", json!({}), "/integrations/0", |one| one["failures"] == 1)
            .await;
    assert_eq!(failing["problem"], "answered 429");
    ticket_when(&admin, &issue, |ticket| ticket["state"] == "OPEN").await;
    assert!(began.elapsed() >= Duration::from_secs(4), "asked again after {:?}", began.elapsed());
    tracker.is_content();
}

#[tokio::test]
async fn what_waits_to_be_made_outlives_a_restart() {
    let (plane, admin, tracker) = connected(Kind::JiraServer, json!({})).await;
    tracker.with(|held| held.token = "another".to_owned());
    let issue = found(&admin, "one").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]], "waitSeconds": 0})).await;
    when(&admin, "fetchTicketIntegrations", json!({}), "/integrations/0", |one| one["failures"] != 0).await;
    tracker.with(|held| held.token = TOKEN.to_owned());
    let plane = plane.restart_notifying(to_loopback()).await;
    let admin = plane.person(Role::Admin);
    ticket_when(&admin, &issue, |ticket| ticket["state"] == "OPEN").await;
    assert_eq!(tracker.items().len(), 1);
    tracker.is_content();
}

#[tokio::test]
async fn a_change_that_no_transition_can_tell_is_kept_and_says_what_would() {
    let states = json!({"states": {"close": "Shipped"}});
    let (_plane, admin, tracker) = connected(Kind::JiraServer, states).await;
    let issue = found(&admin, "one").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    super::setup::clean(&admin, "one").await;
    let ticket = ticket_when(&admin, &issue, |ticket| ticket["problem"] != "").await;
    let problem = ticket["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("no transition leads to Shipped; there are those to In Progress, Done"),
        "{problem}"
    );
    assert_eq!((&ticket["state"], &ticket["attempts"]), (&json!("OPEN"), &json!(1)));
    assert!(ticket["nextAttemptAt"].is_i64(), "{ticket}");
    admin.ask("modifyTicketIntegration", json!({"name": "board", "states": {"close": "Done"}})).await;
    let ticket = ticket_when(&admin, &issue, |ticket| ticket["state"] == "DONE").await;
    assert_eq!((&ticket["problem"], &ticket["attempts"]), (&json!(""), &json!(0)));
    tracker.is_content();
}

#[tokio::test]
async fn what_became_of_tickets_is_in_the_metrics() {
    let (plane, admin, tracker) = connected(Kind::JiraCloud, json!({})).await;
    let issue = found(&admin, "one").await;
    tracker.fault(Fault::new("POST", "/issue", 503, json!({})));
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]], "waitSeconds": 30})).await;
    let url = format!("{}/metrics", plane.url());
    let request = reqwest::Client::new().get(url).header("x-api-key", plane.key(Role::Viewer));
    let text = request.send().await.unwrap().text().await.unwrap();
    for (name, count) in [
        ("tickets_queued", 0),
        ("tickets_created_total", 1),
        ("tickets_failed_attempts_total", 1),
        ("tickets_updated_total", 0),
    ] {
        let line =
            format!("portcullis_control_plane_{name}{{integration=\"board\",kind=\"jiraCloud\"}} {count}");
        assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
    }
    assert!(!text.contains(TOKEN));
}
