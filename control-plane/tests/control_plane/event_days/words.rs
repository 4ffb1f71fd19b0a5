use control_plane::store::{EventFilter, EventSort, EventStore, Order, Page, SqliteStore};
use portcullis_proto::v1::{Header, Sample};

use crate::store_contract::{me, new_event};

fn found(store: &SqliteStore, search: &str) -> u64 {
    let filter = EventFilter { search: Some(search.into()), ..EventFilter::all() };
    let page = Page { skip: 0, limit: 1_000, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
    let listing = store.list(&filter, &page).unwrap();
    assert_eq!(listing.rows.len() as u64, listing.total);
    listing.total
}

fn with_sample(id: u128, payload: &str, matches: u64) -> control_plane::store::NewEvent {
    let mut event = new_event(id, 10);
    event.detail.match_count = matches;
    event.detail.samples = vec![Sample {
        path: "/files?name=../../etc/passwd".into(),
        request_headers: vec![Header { name: "User-Agent".into(), value: "sqlmap/1.8".into() }],
        request_payload: payload.into(),
        response_payload: b"root:x:0:0".to_vec(),
        ..Sample::default()
    }];
    event
}

#[test]
fn a_search_finds_words_of_the_payload_and_parts_of_what_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.append(vec![with_sample(1, "UNION ALL SELECT pwd", 1), new_event(2, 20)]).unwrap();
    for text in ["select", "SELECT union", "union sel", "sqlmap", "passwd", "root", "etc/passwd", "name=.."] {
        assert_eq!(found(&store, text), 1, "{text}");
    }
    for text in ["elect", "union nothing", "User-Agent", "%"] {
        assert_eq!(found(&store, text), 0, "{text}");
    }
    for text in ["pi.tes", "FILES", "thTrav", "203.0.113"] {
        assert_eq!(found(&store, text), 2, "{text}");
    }
    for text in ["\"", "\" OR \"", "NEAR(", "*", "a* OR b", "\u{0}", "\u{130}"] {
        found(&store, text);
    }
}

#[test]
fn a_word_half_typed_behind_whole_ones_is_found_in_few_details_and_in_many() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    let common = (1..=300).map(|id| with_sample(id, &format!("common gold{}", id % 3), 1));
    let rare = (301..=305).map(|id| with_sample(id, &format!("rare gold{}", id % 3), 1));
    store.append(common.chain(rare).collect()).unwrap();
    assert_eq!(
        (found(&store, "rare gol"), found(&store, "rare gold1"), found(&store, "rare old")),
        (5, 2, 0)
    );
    assert_eq!((found(&store, "common gol"), found(&store, "common gold1")), (300, 100));
    assert_eq!((found(&store, "gold common rar"), found(&store, "nowhere gol")), (0, 0));
}

#[test]
fn words_follow_a_detail_that_is_replaced_or_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path()).unwrap();
    store.append(vec![with_sample(1, "before", 1), with_sample(2, "other", 1)]).unwrap();
    assert_eq!(store.append(vec![with_sample(1, "after", 2)]).unwrap().updated, 1);
    assert_eq!((found(&store, "before"), found(&store, "after"), found(&store, "other")), (0, 1, 1));
    let filter = EventFilter { search: Some("after".into()), ..EventFilter::all() };
    assert_eq!(store.delete(&me(), &filter, "{}").unwrap(), 1);
    assert_eq!((found(&store, "after"), found(&store, "other"), found(&store, "sqlmap")), (0, 1, 1));
}
