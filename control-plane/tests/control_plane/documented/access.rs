//! People, keys and the audit log.

use control_plane::store::Role;
use serde_json::json;

use super::{Documented, are_answered, is_documented};
use crate::harness::Plane;

/// What admins ask about people, in an order in which each finds what it needs.
pub(crate) fn access() -> Vec<Documented> {
    let user =
        vec!["name", "role", "createdAt", "passwordChangedAt", "lastLogInAt", "disabledAt", "sessions"];
    let password = "correct horse battery staple";
    vec![
        (
            "addUser",
            json!({"name": "ada", "role": "analyst", "password": password}),
            vec!["user"],
            "",
            vec![],
        ),
        (
            "modifyUser",
            json!({"name": "ada", "role": "viewer", "disabled": true, "password": password}),
            vec!["user"],
            "",
            vec![],
        ),
        ("fetchUsers", json!({}), vec!["users", "total"], "users", user),
        ("removeUser", json!({"name": "ada"}), vec!["name"], "", vec![]),
        (
            "addKey",
            json!({"name": "ci", "role": "viewer", "ttlSeconds": 60}),
            vec!["id", "key", "name", "role", "expiresAt"],
            "",
            vec![],
        ),
        (
            "fetchKeys",
            json!({}),
            vec!["keys", "total"],
            "keys",
            vec!["id", "name", "role", "createdAt", "createdBy", "lastUsedAt", "expiresAt", "revokedAt"],
        ),
        (
            "fetchAudit",
            json!({
                "who": ["test"], "action": ["addUser", "addKey"], "object": "user ada", "searchText": "ANALYST",
                "startTimestamp": 1, "endTimestamp": 0, "limit": 1, "cursor": 1_000_000
            }),
            vec!["entries", "total", "next"],
            "entries",
            vec!["seq", "at", "kind", "who", "whoId", "from", "action", "object", "before", "after"],
        ),
    ]
}

#[tokio::test]
async fn every_body_about_people_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    are_answered(access(), &plane.person(Role::Admin)).await;
}

#[test]
fn each_call_about_people_is_in_the_document_with_every_key() {
    is_documented(access(), "docs/rest-access.md", include_str!("../../../../docs/rest-access.md"));
}
