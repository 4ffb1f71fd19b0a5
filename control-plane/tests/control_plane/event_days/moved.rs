//! A database of schema 12, where all events lay in one table.

use control_plane::{
    clock::TimeRange,
    store::{EventFilter, EventSort, EventStatus, EventStore, Order, Page, SqliteStore},
};
use portcullis_proto::v1::{Sample, ThreatEvent};
use prost::Message as _;
use rusqlite::{Connection, params};
use uuid::Uuid;

const DAY: i64 = 86_400_000;
const SCHEMA: [&str; 12] = [
    include_str!("../../../src/store/sqlite/schema/0001_initial.sql"),
    include_str!("../../../src/store/sqlite/schema/0002_blocks.sql"),
    include_str!("../../../src/store/sqlite/schema/0003_lifted.sql"),
    include_str!("../../../src/store/sqlite/schema/0004_inventory.sql"),
    include_str!("../../../src/store/sqlite/schema/0005_people.sql"),
    include_str!("../../../src/store/sqlite/schema/0006_notify.sql"),
    include_str!("../../../src/store/sqlite/schema/0007_sensor_certificates.sql"),
    include_str!("../../../src/store/sqlite/schema/0008_saved_policies.sql"),
    include_str!("../../../src/store/sqlite/schema/0009_accounts.sql"),
    include_str!("../../../src/store/sqlite/schema/0010_coverage.sql"),
    include_str!("../../../src/store/sqlite/schema/0011_suppression_hits.sql"),
    include_str!("../../../src/store/sqlite/schema/0012_external_users.sql"),
];

fn detail(number: u64) -> ThreatEvent {
    let payload = format!("order {number} of many").repeat(20).into_bytes();
    let sample = Sample { request_payload: payload, ..Sample::default() };
    ThreatEvent { match_count: number, samples: vec![sample], ..ThreatEvent::default() }
}

/// As schema 12 kept it: deflated where that made it shorter.
fn deflated(detail: &ThreatEvent) -> (i64, Vec<u8>) {
    use std::io::Write as _;
    let plain = detail.encode_to_vec();
    let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&plain).unwrap();
    let packed = packer.finish().unwrap();
    (i64::try_from(plain.len()).unwrap(), if packed.len() < plain.len() { packed } else { plain })
}

#[test]
fn every_event_of_the_schema_before_is_there_with_its_detail_status_and_figures() {
    const EVENTS: u64 = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let mut old = Connection::open(folder.path().join("control-plane.sqlite")).unwrap();
    old.execute_batch(&SCHEMA.concat()).unwrap();
    old.pragma_update(None, "user_version", 12).unwrap();
    let transaction = old.transaction().unwrap();
    for number in 0..EVENTS {
        let seq = i64::try_from(number).unwrap() + 1;
        transaction
            .execute(
                "INSERT INTO event VALUES (?, ?, ?, ?, ?, 'NL', 'Xss', 'XSS', 'SUB', 3, 1, 1, 'GET', ?, 'h', 4, 's', ?, ?)",
                params![
                    seq,
                    Uuid::from_u128(number.into()).as_bytes(),
                    Uuid::from_u128(number.into()).to_string(),
                    // Many of the same millisecond, as if they were of one burst.
                    i64::try_from(number / 500).unwrap() * DAY / 3,
                    format!("192.0.2.{}", number % 200),
                    format!("/{}", number % 70),
                    number % 2 == 0,
                    i64::try_from(number % 3).unwrap()
                ],
            )
            .unwrap();
        let (raw_len, body) = deflated(&detail(number));
        transaction
            .execute("INSERT INTO event_detail VALUES (?, ?, ?)", params![seq, raw_len, body])
            .unwrap();
    }
    transaction.commit().unwrap();
    drop(old);

    let store = SqliteStore::open(folder.path()).unwrap();
    let page = Page { skip: 0, limit: EVENTS, sort: vec![(EventSort::DetectedAt, Order::Ascending)] };
    let listing = store.list(&EventFilter::all(), &page).unwrap();
    assert_eq!(listing.total, EVENTS);
    let ids: Vec<_> = listing.rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, (0..EVENTS).map(|number| Uuid::from_u128(number.into())).collect::<Vec<_>>());
    for (number, row) in (0..EVENTS).zip(&listing.rows) {
        assert_eq!(row.status, EventStatus::ALL[usize::try_from(number % 3).unwrap()]);
        assert_eq!((row.ref_id.clone(), row.successful), (row.id.to_string(), number % 2 == 0));
        assert_eq!(row.detected_at.millis(), i64::try_from(number / 500).unwrap() * DAY / 3);
    }
    for (number, found) in (0..).zip(store.details(&ids).unwrap()) {
        assert_eq!(found, detail(number));
    }
    let (_, totals) = store.daily_actors(TimeRange::ALL, &[]).unwrap();
    assert_eq!((totals.events, totals.active), (EVENTS, EVENTS.div_ceil(3)));
    assert_eq!(store.timeline(TimeRange::ALL, &[]).unwrap().len(), 4);
    // And what was found once is found at the next start, too.
    drop(store);
    let again = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(again.list(&EventFilter::all(), &page).unwrap().rows, listing.rows);
}
