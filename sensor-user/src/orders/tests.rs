mod crash;

use std::time::Duration;

use super::*;
use crate::enforce::{AllowedAs, ledger::Ledger};

fn block(cidr: &str, remaining_ms: u64) -> v1::Block {
    v1::Block { cidr: cidr.into(), remaining_ms, ..v1::Block::default() }
}

fn revision(number: u64, changes: impl IntoIterator<Item = Change>) -> v1::Revision {
    let changes = changes.into_iter().map(|change| v1::Change { change: Some(change) }).collect();
    v1::Revision { number, changes }
}

fn unblock(cidr: &str) -> Change {
    Change::Unblock(v1::Unblock { cidr: cidr.into() })
}

fn allow(cidr: &str) -> v1::Allow {
    v1::Allow { cidr: cidr.into(), ..v1::Allow::default() }
}

fn snapshot(revision: u64, blocks: Vec<v1::Block>) -> v1::Snapshot {
    v1::Snapshot { revision, blocks, ..v1::Snapshot::default() }
}

fn applied(revision: u64) -> v1::Applied {
    v1::Applied { revision, ..v1::Applied::default() }
}

fn open(folder: &tempfile::TempDir, ledger: &Ledger) -> Orders {
    Orders::open(folder.path().join("orders"), Some(Box::new(ledger.clone()))).unwrap()
}

#[test]
fn a_snapshot_replaces_and_revisions_step_on() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let blocks = vec![block("203.0.113.5", 0), block("2001:db8::/32", 60_000)];
    assert_eq!(orders.snapshot(snapshot(4, blocks)), Ok(Some(applied(4))));
    assert_eq!(ledger.nets(), ["2001:db8::/32", "203.0.113.5/32"]);
    assert_eq!(orders.revise(revision(5, [unblock("203.0.113.5")])), Ok(applied(5)));
    assert_eq!((ledger.nets(), orders.revision()), (vec!["2001:db8::/32".to_owned()], 5));
}

#[test]
fn a_snapshot_in_pieces_takes_effect_with_the_last() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    orders.snapshot(snapshot(1, vec![block("192.0.2.9", 0)])).unwrap();
    let piece = |index, last, cidr: &str| v1::Snapshot {
        piece: Some(v1::Piece { index, last }),
        ..snapshot(8, vec![block(cidr, 0)])
    };
    assert_eq!(orders.snapshot(piece(0, false, "192.0.2.1")), Ok(None));
    assert_eq!(orders.snapshot(piece(1, false, "192.0.2.2")), Ok(None));
    assert_eq!((ledger.nets(), orders.revision()), (vec!["192.0.2.9/32".to_owned()], 1));
    assert_eq!(orders.snapshot(piece(2, true, "192.0.2.3")), Ok(Some(applied(8))));
    assert_eq!(ledger.nets(), ["192.0.2.1/32", "192.0.2.2/32", "192.0.2.3/32"]);

    orders.snapshot(piece(0, false, "192.0.2.1")).unwrap();
    let skipped = orders.snapshot(piece(2, true, "192.0.2.2"));
    assert_eq!(skipped, Err(OutOfOrder::Piece { expected: 1, got: 2 }));
    assert_eq!(orders.snapshot(piece(1, true, "192.0.2.2")), Err(OutOfOrder::Piece { expected: 0, got: 1 }));
    assert_eq!(ledger.nets().len(), 3);
}

#[test]
fn a_hole_in_the_revisions_changes_nothing() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let step = revision(2, [Change::Block(block("203.0.113.5", 0))]);
    assert_eq!(orders.revise(step), Err(OutOfOrder::Revision { expected: 1, got: 2 }));
    assert_eq!((ledger.nets(), orders.revision()), (vec![], 0));
}

#[test]
fn the_last_word_of_a_revision_on_a_prefix_counts() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let on = |cidr: &str| Change::Block(block(cidr, 0));
    let steps = [on("192.0.2.1"), unblock("192.0.2.1"), unblock("192.0.2.2"), on("192.0.2.2")];
    orders.revise(revision(1, steps)).unwrap();
    assert_eq!(ledger.nets(), ["192.0.2.2/32"]);
}

#[test]
fn what_cannot_be_blocked_is_refused_with_the_reason_and_the_revision_counts() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::refusing("127.0.0.0/8", "loopback"));
    let mut orders = open(&folder, &ledger);
    let answer = orders.revise(revision(1, [Change::Block(block("127.0.0.1", 0))])).unwrap();
    let refusal = v1::Refusal { cidr: "127.0.0.1/32".into(), reason: "loopback".into(), what: String::new() };
    assert_eq!((answer.refusals, answer.revision), (vec![refusal], 1));
    let answer = orders.revise(revision(2, [Change::Block(block("nonsense", 0))])).unwrap();
    assert_eq!((answer.refusals.len(), orders.revision()), (1, 2));
}

#[test]
fn a_block_that_covers_a_network_of_the_node_needs_force() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let networks = vec!["10.0.2.0/24".parse().unwrap()];
    orders.surround(Surroundings { networks, ..Surroundings::default() });
    let answer = orders.revise(revision(1, [Change::Block(block("10.0.0.0/16", 0))])).unwrap();
    assert!(answer.refusals[0].reason.contains("10.0.2.0/24"), "{answer:?}");
    let whole = snapshot(2, vec![block("10.0.2.0/24", 0), block("10.0.2.0/25", 0)]);
    assert_eq!(orders.snapshot(whole).unwrap().unwrap().refusals.len(), 1);
    assert_eq!(ledger.nets(), ["10.0.2.0/25"]);
    let forced = v1::Block { forced: true, ..block("10.0.0.0/16", 0) };
    assert_eq!(orders.revise(revision(3, [Change::Block(forced)])), Ok(applied(3)));
    assert_eq!(ledger.nets(), ["10.0.0.0/16", "10.0.2.0/25"]);
}

#[test]
fn the_allow_list_and_the_surroundings_reach_the_gate_before_any_block() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let gateway = [("10.0.2.1/32".parse().unwrap(), AllowedAs::Gateway)].into();
    orders.surround(Surroundings { allowed: gateway, ..Surroundings::default() });
    let step = [Change::Block(block("192.0.2.1", 0)), Change::Allow(allow("192.0.2.0/24"))];
    orders.revise(revision(1, step)).unwrap();
    assert_eq!(ledger.allowed(), ["10.0.2.1/32 Gateway", "192.0.2.0/24 Ordered"]);
    assert_eq!(ledger.log(), ["allow", "allow", "block"]);
    let lift = Change::Disallow(v1::Disallow { cidr: "192.0.2.0/24".into() });
    orders.revise(revision(2, [lift])).unwrap();
    assert_eq!(ledger.allowed(), ["10.0.2.1/32 Gateway"]);
}

#[test]
fn the_gate_mode_is_followed_and_left_alone_where_nobody_set_it() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    ledger.start_in(GateMode::Monitor);
    let mut orders = open(&folder, &ledger);
    orders.snapshot(snapshot(1, Vec::new())).unwrap();
    assert_eq!(orders.gate_mode(), Some(GateMode::Monitor));
    orders.revise(revision(2, [Change::GateMode(v1::GateMode::Enforce.into())])).unwrap();
    assert_eq!(orders.gate_mode(), Some(GateMode::Enforce));
    let set = v1::Snapshot { gate_mode: v1::GateMode::Monitor.into(), ..snapshot(3, Vec::new()) };
    orders.snapshot(set).unwrap();
    assert_eq!(orders.gate_mode(), Some(GateMode::Monitor));
    drop(orders);
    let rebooted = Ledger::default();
    assert_eq!(open(&folder, &rebooted).gate_mode(), Some(GateMode::Monitor));
}

#[test]
fn a_restart_puts_what_is_left_in_force_again() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let suppressions = vec![v1::Suppression { id: "s".into(), url: "/a".into(), ..Default::default() }];
    let blocks = vec![block("203.0.113.5", 0), block("203.0.113.6", 1), block("203.0.113.7", 60_000)];
    let allow = vec![allow("192.0.2.0/24")];
    orders.snapshot(v1::Snapshot { suppressions, allow, ..snapshot(9, blocks) }).unwrap();
    orders.revise(revision(10, [Change::Block(block("203.0.113.8", 60_000))])).unwrap();
    drop(orders);
    std::thread::sleep(Duration::from_millis(5));
    let rebooted = Ledger::default();
    let orders = open(&folder, &rebooted);
    assert_eq!(orders.revision(), 10);
    assert_eq!(rebooted.nets(), ["203.0.113.5/32", "203.0.113.7/32", "203.0.113.8/32"]);
    assert!(rebooted.remaining("203.0.113.8/32").unwrap() <= Duration::from_secs(60));
    assert_eq!(rebooted.allowed(), ["192.0.2.0/24 Ordered"]);
    let urls: Vec<_> = orders.suppressions().load().iter().map(|(one, _)| one.url.clone()).collect();
    assert_eq!(urls, ["/a"]);
}

#[test]
fn suppressions_come_and_go_with_revisions() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    let seen_by_shards = orders.suppressions();
    let added = v1::Suppression { id: "s".into(), policy_id: "P".into(), ..Default::default() };
    orders.revise(revision(1, [Change::Suppress(added)])).unwrap();
    assert_eq!(seen_by_shards.load().len(), 1);
    let lift = Change::LiftSuppression(v1::LiftSuppression { id: "s".into() });
    orders.revise(revision(2, [lift])).unwrap();
    assert!(seen_by_shards.load().is_empty());
}

#[test]
fn without_an_enforcer_every_block_is_refused_and_a_bounded_number_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut orders = Orders::open(folder.path().join("orders"), None).unwrap();
    let blocks = (0..3_000_u32).map(|n| block(&std::net::Ipv4Addr::from(n).to_string(), 0)).collect();
    let answer = orders.snapshot(snapshot(1, blocks)).unwrap().unwrap();
    assert_eq!((answer.refusals.len(), answer.refusals_left_out), (1_000, 2_000));
}

#[test]
fn a_block_that_has_ended_is_no_longer_counted() {
    let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
    let mut orders = open(&folder, &ledger);
    orders.snapshot(snapshot(1, vec![block("203.0.113.5", 1), block("203.0.113.6", 0)])).unwrap();
    std::thread::sleep(Duration::from_millis(1_100));
    let counters = orders.counters();
    let in_force = counters.iter().find(|(name, _)| *name == "blocks_in_force");
    assert_eq!(in_force, Some(("blocks_in_force", 1)));
}
