//! What every store engine promises. An engine joins by a line in `engines`.

use std::net::IpAddr;

use control_plane::{
    clock::{EpochMillis, TimeRange},
    store::{
        Act, Allowed, Appended, Block, BlockQuery, Change, Combination, Difference, EventFilter, EventRow,
        EventSort, EventStatus, GateMode, NewEvent, Order, Page, Principal, PrincipalKind, Snapshot,
        SqliteStore, Store, Suppression,
    },
};
use portcullis_detection::{DetectionType, EventType, Severity};
use portcullis_proto::v1::ThreatEvent;
use uuid::Uuid;

/// Runs a promise against each engine, fresh.
pub(crate) fn engines(promise: fn(&dyn Store)) {
    let folder = tempfile::tempdir().unwrap();
    promise(&SqliteStore::open(folder.path()).unwrap());
}

pub(crate) fn me() -> Act {
    let by = Principal { kind: PrincipalKind::User, id: "1".into(), name: "me".into() };
    Act { by, from: Some("192.0.2.250".parse().unwrap()), action: "test".into() }
}

pub(crate) fn at(millis: i64) -> EpochMillis {
    EpochMillis::from_millis(millis)
}

pub(crate) fn new_event(id: u128, detected_at: i64) -> NewEvent {
    let row = EventRow {
        id: Uuid::from_u128(id),
        ref_id: format!("ref-{id}"),
        detected_at: at(detected_at),
        actor: "203.0.113.9".into(),
        country: "NL".into(),
        policy_id: "PathTraversal".into(),
        category: "LFI".into(),
        sub_category: "PATH_TRAVERSAL".into(),
        severity: Severity::High,
        event_type: EventType::Single,
        detection_type: DetectionType::RuleBased,
        method: "GET".into(),
        url: "/files".into(),
        host: "api.test".into(),
        collection_id: 0,
        sensor_id: "s".into(),
        successful: false,
        status: EventStatus::Active,
    };
    NewEvent { row, detail: ThreatEvent { url: "/files".into(), ..ThreatEvent::default() } }
}

fn page(limit: u64) -> Page<EventSort> {
    Page { skip: 0, limit, sort: vec![(EventSort::DetectedAt, Order::Descending)] }
}

fn block(cidr: &str, expires_at: Option<EpochMillis>) -> Change {
    Change::Block(Block {
        cidr: cidr.parse().unwrap(),
        reason: "test".into(),
        author: "me".into(),
        created_at: at(1),
        expires_at,
        revision: 0,
        forced: false,
    })
}

/// The whole list, as one page.
fn listed(store: &dyn Store, now: EpochMillis) -> Vec<String> {
    let page = store.blocks(&BlockQuery { limit: 1_000, ..BlockQuery::default() }, now).unwrap();
    assert_eq!((page.total, page.next), (page.blocks.len() as u64, None));
    page.blocks.iter().map(|block| block.cidr.to_string()).collect()
}

fn snapshot(store: &dyn Store, now: EpochMillis) -> (Snapshot, Vec<Block>) {
    let mut blocks = Vec::new();
    let all = store.snapshot(now, &mut |block| blocks.push(block)).unwrap();
    (all, blocks)
}

fn combination(url: &str) -> Combination {
    let row = new_event(1, 0).row;
    Combination {
        actor: row.actor,
        policy_id: row.policy_id,
        method: row.method,
        url: url.into(),
        host: row.host,
    }
}

fn suppression(of: Combination, expires_at: Option<EpochMillis>) -> Change {
    Change::Suppress(Suppression {
        actor: of.actor,
        policy_id: of.policy_id,
        method: of.method,
        url: of.url,
        host: of.host,
        reason: String::new(),
        author: "me".into(),
        created_at: at(1),
        expires_at,
        hits: 0,
        sensor_hits: 0,
        last_hit_at: None,
    })
}

#[test]
fn an_event_is_kept_once_whole_and_in_order() {
    engines(|store| {
        let first = store.append(vec![new_event(1, 10), new_event(2, 10), new_event(1, 10)]).unwrap();
        assert_eq!(first, Appended { stored: 2, duplicates: 1, ..Appended::default() });
        let again = store.append(vec![new_event(2, 99), new_event(3, 5)]).unwrap();
        assert_eq!(again, Appended { stored: 1, duplicates: 1, ..Appended::default() });
        let listing = store.list(&EventFilter::all(), &page(10)).unwrap();
        assert_eq!(listing.rows, [2, 1, 3].map(|id| new_event(id, if id == 3 { 5 } else { 10 }).row));
        assert_eq!(listing.total, 3);
        let details = store.details(&[Uuid::from_u128(3), Uuid::from_u128(404)]).unwrap();
        assert_eq!(details, [new_event(3, 5).detail, ThreatEvent::default()]);
    });
}

#[test]
fn an_event_that_comes_again_from_its_sensor_has_the_highest_count_in_any_order() {
    engines(|store| {
        let counted = |count: u64, sensor: &str| {
            let mut event = new_event(1, 10);
            (event.detail.match_count, event.row.sensor_id) = (count, sensor.into());
            event
        };
        let appended = |event: NewEvent| store.append(vec![event]).unwrap();
        appended(counted(1, "s"));
        let updated = Appended { updated: 1, ..Appended::default() };
        let duplicate = Appended { duplicates: 1, ..Appended::default() };
        assert_eq!(appended(counted(40, "s")), updated);
        assert_eq!(appended(counted(7, "s")), duplicate);
        assert_eq!(appended(counted(40, "s")), duplicate);
        assert_eq!(appended(counted(99, "another")), duplicate);
        assert_eq!(store.details(&[Uuid::from_u128(1)]).unwrap()[0].match_count, 40);
        assert_eq!(store.list(&EventFilter::all(), &page(10)).unwrap().rows, [counted(1, "s").row]);
    });
}

#[test]
fn list_update_and_delete_select_the_same_rows() {
    engines(|store| {
        let mut events: Vec<_> = (0..10).map(|id| new_event(id, i64::try_from(id).unwrap())).collect();
        events[4].row.url = "/other".into();
        store.append(events).unwrap();
        let range = TimeRange { from: at(2), until: at(8) };
        let filter = EventFilter { range, urls: vec!["/files".into()], ..EventFilter::all() };
        let listed = store.list(&filter, &page(100)).unwrap();
        assert_eq!(listed.total, 5);
        assert_eq!(store.combinations(&filter, 9).unwrap(), [combination("/files")]);
        assert_eq!(store.set_status(&me(), &filter, "{}", EventStatus::Ignored).unwrap(), 5);
        let ignored = EventFilter { status: Some(EventStatus::Ignored), ..EventFilter::all() };
        let now_ignored = store.list(&ignored, &page(100)).unwrap();
        let ids = |rows: &[EventRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(ids(&now_ignored.rows), ids(&listed.rows));
        assert_eq!(store.delete(&me(), &ignored, "{}").unwrap(), 5);
        assert_eq!(store.list(&EventFilter::all(), &page(100)).unwrap().total, 5);
    });
}

#[test]
fn no_ids_select_nothing() {
    engines(|store| {
        store.append(vec![new_event(1, 10)]).unwrap();
        assert_eq!(store.delete(&me(), &EventFilter::ids(Vec::new()), "{}").unwrap(), 0);
        assert_eq!(store.delete(&me(), &EventFilter::ids(vec![Uuid::from_u128(1)]), "{}").unwrap(), 1);
    });
}

#[test]
fn counts_are_exact_at_any_bound() {
    const HOUR: i64 = 3_600_000;
    engines(|store| {
        let times = [0, 1, HOUR - 1, HOUR, HOUR + 1, 30 * HOUR, 72 * HOUR - 1, 72 * HOUR];
        store.append((1..).zip(times).map(|(id, time)| new_event(id, time)).collect()).unwrap();
        for from in times {
            for until in times.into_iter().chain([i64::MAX]) {
                let range = TimeRange { from: at(from), until: at(until) };
                let expected = times.iter().filter(|time| **time >= from && **time < until).count() as u64;
                let severities = store.severity_counts(range, &[]).unwrap();
                let counted: u64 = severities.iter().map(|(_, count)| count).sum();
                assert_eq!(counted, expected, "{from}..{until}");
                let days: u64 = store.timeline(range, &[]).unwrap().iter().map(|day| day.count).sum();
                assert_eq!(days, expected, "{from}..{until}");
                let (actors, totals) = store.daily_actors(range, &[]).unwrap();
                assert_eq!(totals.events, expected);
                assert_eq!(actors.is_empty(), expected == 0, "{from}..{until}");
            }
        }
    });
}

#[test]
fn revisions_are_numbered_without_holes_and_nothing_changes_nothing() {
    engines(|store| {
        assert_eq!(store.revision().unwrap(), 0);
        assert_eq!(store.apply(&me(), vec![block("192.0.2.1/32", None)]).unwrap(), 1);
        assert_eq!(store.apply(&me(), vec![suppression(combination("/a"), None)]).unwrap(), 2);
        // Said already, or about what is not there.
        let unblock = |cidr: &str| Change::Unblock { cidr: cidr.parse().unwrap() };
        assert_eq!(store.apply(&me(), vec![suppression(combination("/a"), None)]).unwrap(), 2);
        assert_eq!(store.apply(&me(), vec![unblock("192.0.2.9/32")]).unwrap(), 2);
        assert_eq!(store.apply(&me(), vec![unblock("192.0.2.9/32"), unblock("192.0.2.1/32")]).unwrap(), 3);
        let Difference::Revisions(steps) = store.difference(1).unwrap() else { panic!("a snapshot") };
        assert_eq!(steps.iter().map(|step| step.number).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(steps[1].changes, [unblock("192.0.2.1/32")]);
        assert!(matches!(store.difference(9).unwrap(), Difference::Everything));
        let (all, blocks) = snapshot(store, at(9));
        assert_eq!((all.revision, blocks.len(), all.suppressions.len()), (3, 0, 1));
        let Difference::Revisions(none) = store.difference(3).unwrap() else { panic!("a snapshot") };
        assert!(none.is_empty());
    });
}

#[test]
fn a_block_covers_its_prefix_until_its_time() {
    engines(|store| {
        store
            .apply(&me(), vec![block("203.0.113.0/24", Some(at(100))), block("2001:db8::/32", None)])
            .unwrap();
        let addresses: Vec<IpAddr> = ["203.0.113.9", "203.0.114.9", "2001:db8::1", "2001:db9::1"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        assert_eq!(store.blocked(&addresses, at(99)).unwrap(), [addresses[0], addresses[2]]);
        assert_eq!(store.blocked(&addresses, at(100)).unwrap(), [addresses[2]]);
        assert_eq!((listed(store, at(99)).len(), snapshot(store, at(99)).1.len()), (2, 2));
        assert_eq!((listed(store, at(100)).len(), snapshot(store, at(100)).1.len()), (1, 1));
        assert_eq!(store.expire(at(100)).unwrap(), 1);
        assert_eq!(store.expire(at(100)).unwrap(), 0);
    });
}

#[test]
fn a_suppression_swallows_its_combination_alone_and_an_empty_field_is_any() {
    engines(|store| {
        let any_host = Combination { host: String::new(), ..combination("/b") };
        let ending = suppression(combination("/c"), Some(at(100)));
        store
            .apply(
                &me(),
                vec![suppression(combination("/a"), None), suppression(any_host.clone(), None), ending],
            )
            .unwrap();
        let asked = [
            combination("/a"),
            Combination { host: "elsewhere".into(), ..combination("/a") },
            Combination { host: "elsewhere".into(), ..combination("/b") },
            combination("/c"),
        ];
        let ids = store.suppress(&asked, at(100)).unwrap();
        let expected =
            [Some(combination("/a").suppression_id()), None, Some(any_host.suppression_id()), None];
        assert_eq!(ids, expected);
        assert!(store.suppress(&asked[3..], at(99)).unwrap()[0].is_some());
        let hits: u64 = store.suppressions(at(0)).unwrap().iter().map(|one| one.hits).sum();
        assert_eq!(hits, 3);
    });
}

#[test]
fn the_list_comes_in_pages_newest_first_and_a_block_said_again_moves_to_the_front() {
    engines(|store| {
        let cidr = |n: u32| format!("192.0.2.{n}/32");
        store.apply(&me(), (0..10).map(|n| block(&cidr(n), None)).collect()).unwrap();
        store.apply(&me(), vec![block(&cidr(3), Some(at(100)))]).unwrap();
        let mut query = BlockQuery { limit: 4, ..BlockQuery::default() };
        let mut seen = Vec::new();
        loop {
            let page = store.blocks(&query, at(9)).unwrap();
            assert_eq!(page.total, 10);
            seen.extend(page.blocks.iter().map(|block| block.cidr.to_string()));
            let Some(next) = page.next else { break };
            query.cursor = Some(next);
        }
        assert_eq!(seen, [3, 9, 8, 7, 6, 5, 4, 2, 1, 0].map(cidr));
        let skipped = BlockQuery { skip: 9, limit: 4, ..BlockQuery::default() };
        assert_eq!(store.blocks(&skipped, at(9)).unwrap().blocks.len(), 1);
        assert_eq!(store.block(cidr(3).parse().unwrap(), at(99)).unwrap().unwrap().revision, 2);
        assert!(store.block(cidr(3).parse().unwrap(), at(100)).unwrap().is_none());
    });
}

#[test]
fn blocks_are_found_by_text_and_by_an_address_that_they_cover() {
    engines(|store| {
        let mut named = block("203.0.113.0/24", None);
        if let Change::Block(block) = &mut named {
            block.reason = "100% Scanner".into();
        }
        let others = ["203.0.113.9/32", "203.0.0.0/16", "2001:db8::/32"].map(|cidr| block(cidr, None));
        store.apply(&me(), [vec![named], others.to_vec()].concat()).unwrap();
        let found = |query: BlockQuery| {
            let page = store.blocks(&BlockQuery { limit: 10, ..query }, at(9)).unwrap();
            assert_eq!(page.total, page.blocks.len() as u64);
            page.blocks.iter().map(|block| block.cidr.to_string()).collect::<Vec<_>>()
        };
        let text = |search: &str| found(BlockQuery { search: search.into(), ..BlockQuery::default() });
        assert_eq!(text("0% scan"), ["203.0.113.0/24"]);
        assert_eq!(text("db8"), ["2001:db8::/32"]);
        assert_eq!(text("_").len(), 0);
        let covers = Some("203.0.113.9".parse().unwrap());
        let mut around = found(BlockQuery { covers, ..BlockQuery::default() });
        around.sort();
        assert_eq!(around, ["203.0.0.0/16", "203.0.113.0/24", "203.0.113.9/32"]);
    });
}

#[test]
fn thousands_expire_and_are_no_longer_counted() {
    engines(|store| {
        let cidr = |n: u32| format!("10.{}.{}.{}/32", n >> 16, (n >> 8) & 255, n & 255);
        let ending = |n| block(&cidr(n), (n % 5 != 0).then(|| at(100)));
        store.apply(&me(), (0..15_000).map(ending).collect()).unwrap();
        assert_eq!(store.expire(at(100)).unwrap(), 12_000);
        assert_eq!(store.blocks(&BlockQuery::default(), at(0)).unwrap().total, 3_000);
    });
}

#[test]
fn who_is_allowed_and_the_gate_mode_are_state_of_revisions_too() {
    engines(|store| {
        let allow = |cidr: &str| {
            Change::Allow(Allowed {
                cidr: cidr.parse().unwrap(),
                reason: "office".into(),
                author: "me".into(),
                created_at: at(1),
                revision: 0,
            })
        };
        assert_eq!(store.gate_mode().unwrap(), None);
        assert_eq!(store.apply(&me(), vec![allow("192.0.2.0/24")]).unwrap(), 1);
        assert_eq!(store.apply(&me(), vec![Change::GateMode(GateMode::Monitor)]).unwrap(), 2);
        assert_eq!(store.apply(&me(), vec![Change::GateMode(GateMode::Monitor)]).unwrap(), 2);
        let (all, _) = snapshot(store, at(9));
        let cidrs: Vec<_> = all.allowed.iter().map(|one| (one.cidr.to_string(), one.revision)).collect();
        assert_eq!((all.gate_mode, cidrs), (Some(GateMode::Monitor), vec![("192.0.2.0/24".to_owned(), 1)]));
        let disallow = Change::Disallow { cidr: "192.0.2.0/24".parse().unwrap() };
        assert_eq!(store.apply(&me(), vec![disallow]).unwrap(), 3);
        assert!(store.allowed().unwrap().is_empty());
    });
}

#[test]
fn a_long_difference_is_read_in_parts() {
    engines(|store| {
        let cidr = |n: u32| format!("10.{}.{}.{}/32", n >> 16, (n >> 8) & 255, n & 255);
        for number in 0..4 {
            let changes = (0..6_000).map(|n| block(&cidr(number * 6_000 + n), None)).collect();
            store.apply(&me(), changes).unwrap();
        }
        let (mut at_revision, mut reads) = (1, 0);
        loop {
            let Difference::Revisions(steps) = store.difference(at_revision).unwrap() else { panic!() };
            let Some(last) = steps.last() else { break };
            at_revision = last.number;
            reads += 1;
        }
        assert_eq!((at_revision, reads), (4, 2));
    });
}
