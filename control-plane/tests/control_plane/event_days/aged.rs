use std::{fs::File, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use control_plane::clock::TimeRange;
use control_plane::store::{
    AuditQuery, AuditStore, EventFilter, EventSort, EventStore, NewEvent, Order, Page, SqliteStore,
};
use portcullis_proto::v1::ThreatEvent;
use prost::Message as _;
use serde_json::Value;

use crate::store_contract::{at, me, new_event};

const DAY: i64 = 86_400_000;

fn url_of(mut event: NewEvent, url: &str) -> NewEvent {
    event.row.url = url.into();
    event
}

fn urls(store: &SqliteStore) -> Vec<String> {
    let page = Page { skip: 0, limit: 1_000, sort: vec![(EventSort::DetectedAt, Order::Ascending)] };
    let listing = store.list(&EventFilter::all(), &page).unwrap();
    assert_eq!(listing.total, listing.rows.len() as u64);
    listing.rows.into_iter().map(|row| row.url).collect()
}

fn everything() -> AuditQuery {
    AuditQuery {
        range: TimeRange::ALL,
        who: Vec::new(),
        actions: Vec::new(),
        object: String::new(),
        search: String::new(),
        limit: 100,
        cursor: None,
    }
}

pub fn lines(export: &Path) -> Vec<Value> {
    let text = zstd::decode_all(File::open(export).unwrap()).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_day_goes_whole_is_in_its_file_before_and_stands_in_the_audit_log() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let events = [(1, 0, "/old"), (2, DAY - 1, "/old"), (3, DAY, "/new"), (4, 2 * DAY, "/new")];
    store.append(events.iter().map(|(id, time, url)| url_of(new_event(*id, *time), url)).collect()).unwrap();
    let exports = folder.path().join("events");
    let drop = |before| store.drop_oldest_day(&me(), at(before), Some(&exports)).unwrap();
    assert_eq!(drop(DAY - 1), None, "its last second is too young");
    let before = store.reusable().unwrap();
    let dropped = drop(DAY).unwrap();
    assert!(store.reusable().unwrap() > before, "what a day took is there for the next");
    assert_eq!((dropped.day, dropped.events), (at(0), 2));
    assert_eq!(drop(DAY), None);
    assert_eq!(urls(&store), ["/new", "/new"]);
    let actors = store.activity("203.0.113.9", TimeRange::ALL, 10).unwrap();
    assert_eq!(actors.len(), 2);

    let export = dropped.export.unwrap();
    assert_eq!(export.file_name().unwrap(), "1970-01-01.jsonl.zst");
    let exported = lines(&export);
    assert_eq!(exported.len(), 2);
    assert_eq!((&exported[1]["url"], &exported[1]["detectedAtMs"]), (&"/old".into(), &(DAY - 1).into()));
    let detail = STANDARD.decode(exported[0]["detail"].as_str().unwrap()).unwrap();
    assert_eq!(ThreatEvent::decode(detail.as_slice()).unwrap(), new_event(1, 0).detail);
    assert_eq!(std::fs::read_dir(&exports).unwrap().count(), 1, "nothing half written is left");

    let audit = store.audit(&everything()).unwrap();
    let entry = &audit.entries[0];
    assert_eq!(
        (entry.object.as_str(), &entry.before.as_ref().unwrap()["events"]),
        ("events of 1970-01-01", &2.into())
    );

    // What comes late for that day makes it anew, and its file does not replace the first.
    store.append(vec![url_of(new_event(5, 7), "/late")]).unwrap();
    assert_eq!(urls(&store), ["/late", "/new", "/new"]);
    let again = drop(DAY).unwrap();
    assert_eq!((again.events, lines(&again.export.unwrap()).len()), (1, 1));
    assert_eq!(lines(&export).len(), 2);
}

#[test]
fn export_can_be_left_out_and_details_of_later_days_stay_readable() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    // Enough on each day to teach a dictionary, which the next day's details need.
    for day in 0..3_i64 {
        let event = |n: i64| new_event(u128::from((day * 10_000 + n).unsigned_abs()), day * DAY + n);
        store.append((0..1_200).map(event).collect()).unwrap();
    }
    let rows = |count| {
        let page = Page { skip: 0, limit: 5_000, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
        let listing = store.list(&EventFilter::all(), &page).unwrap();
        assert_eq!(listing.rows.len(), count);
        let ids: Vec<_> = listing.rows.iter().map(|row| row.id).collect();
        assert!(store.details(&ids).unwrap().iter().all(|detail| detail.url == "/files"));
    };
    rows(3_600);
    let dropped = store.drop_oldest_day(&me(), at(DAY), None).unwrap().unwrap();
    assert_eq!((dropped.events, dropped.export), (1_200, None));
    rows(2_400);
    store.drop_oldest_day(&me(), at(2 * DAY), None).unwrap().unwrap();
    rows(1_200);
    let reopened = SqliteStore::open(folder.path()).unwrap();
    let listing = reopened.activity("203.0.113.9", TimeRange::ALL, 5_000).unwrap();
    assert_eq!(listing.len(), 1_200);
}
