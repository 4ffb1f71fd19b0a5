//! Notification targets.

use control_plane::store::Role;
use serde_json::json;

use super::{Documented, are_answered, is_documented};
use crate::harness::Plane;

/// What admins ask about notifications, in an order in which each finds what it needs.
pub(crate) fn notifications() -> Vec<Documented> {
    let target = vec![
        "name",
        "kind",
        "address",
        "severity",
        "category",
        "policy",
        "enabled",
        "createdAt",
        "createdBy",
        "queued",
        "delivered",
        "failed",
        "givenUp",
        "dropped",
        "failures",
        "nextAttemptAt",
    ];
    // Its name resolves to an address that is refused, so the test ends at once.
    let url = "https://localhost:9/hook";
    vec![
        (
            "addNotifyTarget",
            json!({
                "name": "hook", "kind": "webhook", "url": url, "severity": ["HIGH"], "category": ["LFI"],
                "policy": ["PathTraversal"]
            }),
            vec!["target", "secret"],
            "",
            vec![],
        ),
        (
            "modifyNotifyTarget",
            json!({
                "name": "hook", "url": url, "secret": "0123456789abcdef", "enabled": true, "severity": ["LOW"],
                "category": [], "policy": []
            }),
            vec!["target"],
            "",
            vec![],
        ),
        ("fetchNotifyTargets", json!({}), vec!["targets", "total"], "targets", target),
        (
            "testNotifyTarget",
            json!({"name": "hook"}),
            vec!["name", "delivered", "detail", "id", "tookMs"],
            "",
            vec![],
        ),
        (
            "fetchNotifyLog",
            json!({"name": "hook", "limit": 10, "cursor": 1_000_000}),
            vec!["entries", "next"],
            "entries",
            vec!["seq", "name", "at", "id", "count", "attempt", "isTest", "outcome", "detail", "tookMs"],
        ),
        ("removeNotifyTarget", json!({"name": "hook"}), vec!["name"], "", vec![]),
    ]
}

#[tokio::test]
async fn every_body_about_notifications_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    are_answered(notifications(), &plane.person(Role::Admin)).await;
}

#[test]
fn each_call_about_notifications_is_in_the_document_with_every_key() {
    is_documented(
        notifications(),
        "docs/rest-notifications.md",
        include_str!("../../../../docs/rest-notifications.md"),
    );
}
