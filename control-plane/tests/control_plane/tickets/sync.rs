//! What happens on one side is known on the other.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    setup::{clean, connected, found, ticket_when, when},
    tracker::{Kind, Tracker},
};
use crate::harness::{Person, event};

/// What was said in the first ticket, as text.
fn comments(tracker: &Tracker) -> Vec<String> {
    tracker.items()[0].comments.iter().map(Value::to_string).collect()
}

fn is_in(state: &'static str) -> impl Fn(&Value) -> bool {
    move |ticket| ticket["state"] == state
}

async fn issue_status(admin: &Person, issue: &Value) -> Value {
    admin.ask("fetchIssue", json!({"issueId": issue["issueId"]})).await["issue"]["status"].clone()
}

const KINDS: [(Kind, &str, &str, &str); 3] = [
    (Kind::JiraCloud, "To Do", "Done", "In Progress"),
    (Kind::JiraServer, "To Do", "Done", "In Progress"),
    (Kind::AzureBoards, "New", "Closed", "Active"),
];

#[tokio::test]
async fn a_ticket_is_closed_when_its_issue_is_fixed_and_opened_when_it_is_found_again() {
    for (kind, open, closed, _) in KINDS {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let issue = found(&admin, "one").await;
        admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
        assert_eq!(clean(&admin, "one").await["status"], "FIXED");
        let ticket = ticket_when(&admin, &issue, is_in("DONE")).await;
        assert_eq!((tracker.items()[0].state, &ticket["trackerState"]), (closed, &json!(closed)));
        let said = comments(&tracker);
        assert!(said.len() == 1 && said[0].contains("fixed. A scan tried it again"), "{said:?}");

        assert_eq!(found(&admin, "one").await["status"], "OPEN");
        ticket_when(&admin, &issue, is_in("OPEN")).await;
        assert_eq!(tracker.items()[0].state, open);
        let said = comments(&tracker);
        assert!(said.len() == 2 && said[1].contains("found again"), "{said:?}");
        tracker.is_content();
    }
}

#[tokio::test]
async fn ignoring_an_issue_closes_its_ticket_with_the_reason_and_opening_it_opens_that() {
    let (_plane, admin, tracker) = connected(Kind::JiraCloud, json!({})).await;
    let issue = found(&admin, "one").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    let ignore = json!({
        "issueId": issue["issueId"], "status": "IGNORED", "ignoreReason": "ACCEPTABLE_RISK", "note": "behind the VPN",
    });
    admin.ask("updateIssueStatus", ignore).await;
    ticket_when(&admin, &issue, is_in("DONE")).await;
    assert!(
        comments(&tracker)[0].contains("ACCEPTABLE_RISK by test: behind the VPN"),
        "{:?}",
        comments(&tracker)
    );
    admin.ask("updateIssueStatus", json!({"issueId": issue["issueId"], "status": "OPEN"})).await;
    ticket_when(&admin, &issue, is_in("OPEN")).await;
    assert!(comments(&tracker)[1].contains("no longer ignored"));
    tracker.is_content();
}

#[tokio::test]
async fn a_ticket_that_people_close_fixes_nothing_and_a_later_find_opens_it_again() {
    for (kind, open, closed, under_way) in KINDS {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let issue = found(&admin, "one").await;
        admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
        tracker.set_state(0, under_way);
        admin.ask("syncTickets", json!({})).await;
        ticket_when(&admin, &issue, |ticket| ticket["trackerState"] == under_way).await;
        tracker.set_state(0, closed);
        admin.ask("syncTickets", json!({})).await;
        let ticket = ticket_when(&admin, &issue, is_in("DONE")).await;
        assert!(ticket["doneAt"].is_i64(), "{ticket}");
        assert_eq!(issue_status(&admin, &issue).await, "OPEN", "only a scan proves that it is fixed");
        assert!(comments(&tracker).is_empty());

        found(&admin, "one").await;
        ticket_when(&admin, &issue, is_in("OPEN")).await;
        assert_eq!(tracker.items()[0].state, open);
        assert!(comments(&tracker)[0].contains("it is not fixed"), "{:?}", comments(&tracker));
        tracker.is_content();
    }
}

#[tokio::test]
async fn a_scan_that_proves_what_people_closed_only_says_so() {
    let (_plane, admin, tracker) = connected(Kind::JiraServer, json!({})).await;
    let issue = found(&admin, "one").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    tracker.set_state(0, "Won't Do");
    admin.ask("syncTickets", json!({})).await;
    ticket_when(&admin, &issue, is_in("DONE")).await;
    clean(&admin, "one").await;
    let began = std::time::Instant::now();
    while comments(&tracker).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(20), "nobody was told");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(tracker.items()[0].state, "Won't Do", "it was done already");
}

#[tokio::test]
async fn a_state_that_means_ignored_ignores_the_issue_until_people_open_the_ticket_again() {
    let states = json!({"states": {"ignore": {"won't do": "ACCEPTABLE_RISK"}}});
    let (_plane, admin, tracker) = connected(Kind::JiraCloud, states).await;
    let issue = found(&admin, "one").await;
    admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]]})).await;
    tracker.set_state(0, "Won't Do");
    admin.ask("syncTickets", json!({})).await;
    let asked = json!({"issueId": issue["issueId"]});
    let ignored =
        when(&admin, "fetchIssue", asked.clone(), "/issue/ignored", |ignored| !ignored.is_null()).await;
    assert_eq!((&ignored["reason"], &ignored["by"]), (&json!("ACCEPTABLE_RISK"), &json!("ticket SEC-1")));
    assert_eq!(ignored["note"], "SEC-1 is Won't Do");
    let audit = admin.ask("fetchAudit", json!({"who": ["tickets"]})).await;
    assert_eq!(audit["entries"][0]["action"], "syncTickets", "{audit}");

    tracker.set_state(0, "In Progress");
    admin.ask("syncTickets", json!({})).await;
    when(&admin, "fetchIssue", asked, "/issue/status", |status| status == "OPEN").await;
    assert!(comments(&tracker).is_empty(), "people know what they did: {:?}", comments(&tracker));
    tracker.is_content();
}

#[tokio::test]
async fn a_ticket_that_was_deleted_is_gone_and_the_others_are_still_asked_about() {
    for (kind, ..) in KINDS {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let (one, two) = (found(&admin, "one").await, found(&admin, "two").await);
        admin.ask("createTicketsForIssues", json!({"issueIds": [one["issueId"]]})).await;
        admin.ask("createTicketsForIssues", json!({"issueIds": [two["issueId"]]})).await;
        tracker.with(|held| {
            held.items.remove(0);
            held.items[0].state = if kind == Kind::AzureBoards { "Removed" } else { "Done" };
        });
        admin.ask("syncTickets", json!({})).await;
        let gone = ticket_when(&admin, &one, is_in("GONE")).await;
        assert_eq!(gone["problem"], "the tracker knows it no more");
        ticket_when(&admin, &two, is_in("DONE")).await;
        tracker.is_content();
    }
}

#[tokio::test]
async fn ignoring_an_event_closes_its_ticket() {
    let (plane, admin, tracker) = connected(Kind::AzureBoards, json!({})).await;
    let sent = event();
    plane.sensor().await.send(vec![sent.clone()]).await;
    admin.ask("createTicketsForEvents", json!({"eventId": sent.event_id})).await;
    admin.ask("updateMaliciousEventStatus", json!({"eventId": sent.event_id, "status": "IGNORED"})).await;
    admin.ask("syncTickets", json!({})).await;
    let asked = json!({"eventIds": [sent.event_id]});
    when(&admin, "fetchTickets", asked, "/tickets/0/state", |state| state == "DONE").await;
    assert!(comments(&tracker)[0].contains("this event is ignored now"));
    assert_eq!(tracker.items()[0].state, "Closed");
    tracker.is_content();
}
