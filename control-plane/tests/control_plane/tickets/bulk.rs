//! Many at once, and never twice.

use serde_json::json;

use super::{
    setup::{connected, found, ticket_when},
    tracker::{Fault, Kind},
};
use crate::harness::event;

#[tokio::test]
async fn what_a_filter_lists_gets_a_ticket_each_and_asking_again_makes_no_other() {
    let (_plane, admin, tracker) = connected(Kind::JiraCloud, json!({})).await;
    for template in ["one", "two", "three"] {
        found(&admin, template).await;
    }
    let first = admin.ask("createTicketsForIssues", json!({"checkIds": ["nuclei/one"]})).await;
    assert_eq!((&first["selected"], &first["created"]), (&json!(1), &json!(1)));
    let all = json!({"hosts": ["shop.example"], "waitSeconds": 30});
    let second = admin.ask("createTicketsForIssues", all.clone()).await;
    assert_eq!(second["tickets"].as_array().unwrap().len(), 3);
    assert_eq!(
        [&second["selected"], &second["existing"], &second["created"], &second["queued"]],
        [&json!(3), &json!(1), &json!(2), &json!(0)]
    );
    let third = admin.ask("createTicketsForIssues", all).await;
    assert_eq!((&third["existing"], &third["created"]), (&json!(3), &json!(0)));
    assert_eq!(tracker.items().len(), 3);
    tracker.is_content();
    let keys = admin.rows("fetchTickets", json!({"states": ["OPEN"]}), "tickets", "key").await;
    assert_eq!(keys.len(), 3);
    assert_eq!(
        admin.ask("fetchTickets", json!({"keys": ["SEC-2"], "integrations": ["board"]})).await["total"],
        1
    );
    assert_eq!(admin.ask("fetchTickets", json!({"eventIds": []})).await["total"], 0);
}

#[tokio::test]
async fn a_ticket_is_made_once_although_its_answer_was_lost() {
    for kind in [Kind::JiraCloud, Kind::JiraServer, Kind::AzureBoards] {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let issue = found(&admin, "one").await;
        let path_ends = if kind == Kind::AzureBoards { "/workitems/$Bug" } else { "/issue" };
        tracker.fault(Fault { done: true, ..Fault::new("POST", path_ends, 500, json!({})) });
        admin.ask("createTicketsForIssues", json!({"issueIds": [issue["issueId"]], "waitSeconds": 0})).await;
        let ticket = ticket_when(&admin, &issue, |ticket| ticket["state"] == "OPEN").await;
        assert_eq!(tracker.items().len(), 1, "made twice");
        assert_eq!(ticket["key"], if kind == Kind::AzureBoards { "17" } else { "SEC-1" });
        tracker.is_content();
    }
}

#[tokio::test]
async fn a_filter_of_too_many_is_refused_and_so_is_none() {
    let (plane, admin, tracker) = connected(Kind::AzureBoards, json!({})).await;
    let sensor = plane.sensor().await;
    sensor.send((0..101).map(|_| event()).collect()).await;
    let refusal = admin.refused("createTicketsForEvents", json!({"hosts": ["api.test"]})).await;
    assert!(refusal.starts_with("101 events are like that, and at most 100"), "{refusal}");
    for call in ["createTicketsForEvents", "createTicketsForIssues"] {
        assert!(admin.refused(call, json!({})).await.contains("or a filter"), "{call}");
    }
    assert!(tracker.items().is_empty());
}

#[tokio::test]
async fn what_is_done_gets_another_ticket_only_where_that_is_asked_for() {
    let (_plane, admin, tracker) = connected(Kind::JiraCloud, json!({})).await;
    let issue = found(&admin, "one").await;
    let asked = json!({"issueIds": [issue["issueId"]]});
    admin.ask("createTicketsForIssues", asked.clone()).await;
    tracker.set_state(0, "Done");
    admin.ask("syncTickets", json!({})).await;
    ticket_when(&admin, &issue, |ticket| ticket["state"] == "DONE").await;
    assert_eq!(admin.ask("createTicketsForIssues", asked.clone()).await["existing"], 1);
    let again = json!({"issueIds": [issue["issueId"]], "again": true});
    assert_eq!(admin.ask("createTicketsForIssues", again).await["tickets"][0]["key"], "SEC-2");
}
