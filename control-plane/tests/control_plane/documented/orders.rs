//! What changes what sensors do.

use control_plane::store::Role;
use serde_json::json;

use super::{Documented, are_answered, is_documented};
use crate::harness::Plane;

/// What people order, in an order in which each finds what it needs.
pub(crate) fn orders() -> Vec<Documented> {
    let pushed = ["revision", "sensors", "refused", "behind", "tookMs"];
    let with = |more: &[&'static str]| [&pushed, more].concat();
    let block = vec![
        "cidr",
        "reason",
        "author",
        "createdAt",
        "expiresAt",
        "revision",
        "forced",
        "sensors",
        "refusals",
        "hits",
    ];
    let rule = vec!["cidr", "port", "mode", "reason", "author", "createdAt"];
    vec![
        (
            "addBlock",
            json!({"cidr": "203.0.113.7", "reason": "scanner", "ttlSeconds": 14400, "force": false, "waitSeconds": 1}),
            with(&["block", "refusals"]),
            "",
            vec![],
        ),
        (
            "importBlocks",
            json!({"blocks": [{"cidr": "203.0.113.0/24", "ttlSeconds": 3600}, {"cidr": "nonsense"}], "reason": "feed"}),
            with(&["accepted", "problems", "dryRun"]),
            "problems",
            vec!["index", "cidr", "problem"],
        ),
        (
            "fetchBlocklist",
            json!({"search": "203", "covers": "203.0.113.7", "skip": 0, "limit": 10}),
            vec!["blocks", "total", "next", "revision"],
            "blocks",
            block,
        ),
        (
            "modifyThreatActorStatus",
            json!({"actorIp": "198.51.100.9", "status": "blocked"}),
            with(&["blocked", "refusals"]),
            "",
            vec![],
        ),
        ("removeBlock", json!({"cidr": "203.0.113.7/32"}), with(&[]), "", vec![]),
        ("addAllowed", json!({"cidr": "192.0.2.0/24", "reason": "office"}), with(&["cidr"]), "", vec![]),
        (
            "importAllowed",
            json!({"allowed": [{"cidr": "192.0.3.0/24"}, {"cidr": ""}], "reason": "partners", "dryRun": false}),
            with(&["accepted", "problems", "dryRun"]),
            "problems",
            vec!["index", "cidr", "problem"],
        ),
        (
            "fetchAllowed",
            json!({}),
            vec!["allowed", "total", "revision"],
            "allowed",
            vec!["cidr", "reason", "author", "createdAt", "revision", "sensors"],
        ),
        ("removeAllowed", json!({"cidr": "192.0.2.0/24"}), with(&["cidr"]), "", vec![]),
        ("setGateMode", json!({"mode": "monitor", "waitSeconds": 0}), with(&["mode"]), "", vec![]),
        ("fetchGateMode", json!({}), vec!["mode", "revision"], "", vec![]),
        ("armAutomaticBlocking", json!({"waitSeconds": 0}), with(&["node"]), "", vec![]),
        (
            "setCaptureRule",
            json!({"cidr": "10.0.0.0/8", "port": 80, "mode": "headers", "reason": "bulk"}),
            with(&["rules"]),
            "rules",
            rule.clone(),
        ),
        (
            "setCaptureRules",
            json!({"rules": [{"port": 9100, "mode": "off"}]}),
            with(&["rules"]),
            "rules",
            rule.clone(),
        ),
        ("fetchCaptureRules", json!({}), vec!["rules", "total", "revision"], "rules", rule),
        ("removeCaptureRule", json!({"port": 9100}), with(&["rules"]), "", vec![]),
        ("awaitRevision", json!({"revision": 1, "waitSeconds": 0}), with(&[]), "", vec![]),
        (
            "fetchSensors",
            json!({}),
            vec!["sensors", "total", "revision"],
            "sensors",
            vec![
                "id",
                "node",
                "gateMode",
                "automaticBlocking",
                "interfaces",
                "connected",
                "appliedRevision",
                "counters",
            ],
        ),
    ]
}

#[tokio::test]
async fn every_orders_body_is_accepted_and_every_key_of_its_reply_is_there() {
    let plane = Plane::start().await;
    let _sensor = plane.sensor().await;
    are_answered(orders(), &plane.person(Role::Admin)).await;
}

#[test]
fn each_order_is_in_the_document_with_every_key() {
    is_documented(orders(), "docs/rest-orders.md", include_str!("../../../../docs/rest-orders.md"));
}
