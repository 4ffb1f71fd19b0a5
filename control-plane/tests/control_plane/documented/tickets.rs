//! Tickets and the trackers that they are made in.

use serde_json::json;

use super::{Documented, are_answered, is_documented};
use crate::{
    harness::event,
    tickets::{
        setup::{found, setup},
        tracker::{Kind, TOKEN, USER},
    },
};

/// What is asked about tickets, in an order in which each finds what it needs: a tracker at that address, an issue and an event.
pub(crate) fn tickets(url: &str, issue: &str, event: &str) -> Vec<Documented> {
    let ticket = vec![
        "issueId",
        "eventId",
        "integration",
        "kind",
        "key",
        "url",
        "state",
        "trackerState",
        "linked",
        "createdAt",
        "createdBy",
        "syncedAt",
        "doneAt",
        "attempts",
        "nextAttemptAt",
        "problem",
    ];
    let integration = vec![
        "name",
        "kind",
        "url",
        "project",
        "issueType",
        "consoleUrl",
        "summary",
        "description",
        "fields",
        "states",
        "enabled",
        "createdAt",
        "createdBy",
        "queued",
        "created",
        "updated",
        "failed",
        "failures",
        "problem",
        "nextAttemptAt",
        "polledAt",
    ];
    let made = vec!["tickets", "selected", "existing", "created", "failed", "queued"];
    vec![
        (
            "addTicketIntegration",
            json!({
                "name": "board", "kind": "jiraCloud", "url": url, "project": "SEC", "issueType": "Bug", "user": USER,
                "token": TOKEN, "consoleUrl": "https://console.example", "summary": "{name}", "description": "{link}",
                "fields": {},
            }),
            vec!["integration"],
            "",
            vec![],
        ),
        (
            "modifyTicketIntegration",
            json!({"name": "board", "enabled": true, "url": url, "user": USER, "token": TOKEN}),
            vec!["integration"],
            "",
            vec![],
        ),
        (
            "testTicketIntegration",
            json!({"name": "board"}),
            vec!["name", "works", "detail", "tookMs"],
            "",
            vec![],
        ),
        (
            "createTicketsForIssues",
            json!({"issueId": issue, "integration": "board", "again": false, "waitSeconds": 10}),
            made.clone(),
            "tickets",
            ticket.clone(),
        ),
        ("createTicketsForEvents", json!({"eventId": event}), made, "tickets", ticket.clone()),
        ("unlinkTicket", json!({"issueId": issue}), vec!["ticket"], "", vec![]),
        (
            "linkTicket",
            json!({"issueId": issue, "key": "SEC-1", "integration": "board"}),
            vec!["ticket"],
            "",
            vec![],
        ),
        ("syncTickets", json!({}), vec!["integrations"], "", vec![]),
        (
            "fetchTickets",
            json!({
                "integrations": ["board"], "states": ["OPEN"], "keys": ["SEC-1"], "issueIds": [issue], "eventIds": [],
                "skip": 0, "limit": 10,
            }),
            vec!["tickets", "total"],
            "tickets",
            ticket,
        ),
        ("fetchTicketIntegrations", json!({}), vec!["integrations", "total"], "integrations", integration),
        ("removeTicketIntegration", json!({"name": "board"}), vec!["name", "tickets"], "", vec![]),
    ]
}

#[tokio::test]
async fn every_body_about_tickets_is_accepted_and_every_key_of_its_reply_is_there() {
    let (plane, admin, tracker) = setup(Kind::JiraCloud).await;
    let sent = event();
    plane.sensor().await.send(vec![sent.clone()]).await;
    let issue = found(&admin, "one").await;
    are_answered(tickets(&tracker.url(), issue["issueId"].as_str().unwrap(), &sent.event_id), &admin).await;
    tracker.is_content();
}

#[test]
fn each_call_about_tickets_is_in_the_document_with_every_key() {
    is_documented(tickets("", "", ""), "docs/tickets.md", include_str!("../../../../docs/tickets.md"));
}
