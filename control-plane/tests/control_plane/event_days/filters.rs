//! Whatever is asked and whatever was changed before: the store says what a plain list of the same events says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use control_plane::{
    clock::TimeRange,
    store::{
        ActorFilter, ActorSort, DistinctField, EndpointSort, EventFilter, EventRow, EventSort, EventStatus,
        EventStore, NewEvent, Order, Page, SqliteStore,
    },
};
use portcullis_detection::{DetectionType, EventType, Severity};
use portcullis_proto::v1::{Sample, ThreatEvent};
use proptest::{option, prelude::*, sample::select};
use rusqlite::Connection;
use uuid::Uuid;

use crate::store_contract::{at, me};

const DAY: i64 = 86_400_000;
const ACTORS: [&str; 3] = ["192.0.2.1", "192.0.2.22", "2001:db8::1"];
const URLS: [&str; 4] = ["/a", "/A/b", "/50%", "/x_y"];
const HOSTS: [&str; 2] = ["api.test", "shop.test"];
const POLICIES: [&str; 3] = ["SqlInjection", "PathTraversal", "Xss"];
const SEVERITIES: [Severity; 3] = [Severity::Low, Severity::High, Severity::Critical];
const PAYLOADS: [&str; 3] = ["union select", "Passwd root", ""];
const SEARCHES: [&str; 8] = ["/a", "API", "192.0.2.2", "sqli", "50%", "x_", "select", "pass"];

prop_compose! {
    fn made()(
        time in prop_oneof![0..3 * DAY, select(vec![0, DAY - 1, DAY, 2 * DAY])],
        (actor, url, host) in (select(&ACTORS), select(&URLS), select(&HOSTS)),
        policy in 0..POLICIES.len(),
        method in select(&["GET", "POST"]),
        (collection, sensor) in (0..2_i64, select(&["s", "t"])),
        successful in any::<bool>(),
        status in select(&EventStatus::ALL),
        payload in select(&PAYLOADS),
    ) -> NewEvent {
        let row = EventRow {
            id: Uuid::nil(),
            ref_id: String::new(),
            detected_at: at(time),
            actor: actor.into(),
            country: if actor.contains(':') { "NL" } else { "US" }.into(),
            policy_id: POLICIES[policy].into(),
            category: "C".into(),
            sub_category: format!("SUB_{}", policy % 2),
            severity: SEVERITIES[policy],
            event_type: EventType::Single,
            detection_type: if policy == 2 { DetectionType::Anomaly } else { DetectionType::RuleBased },
            method: method.into(),
            url: url.into(),
            host: host.into(),
            collection_id: collection,
            sensor_id: sensor.into(),
            successful,
            status,
        };
        let sample = Sample { request_payload: payload.into(), ..Sample::default() };
        NewEvent { row, detail: ThreatEvent { samples: vec![sample], ..ThreatEvent::default() } }
    }
}

fn some<T: Clone + std::fmt::Debug + 'static>(from: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(select(from), 1..3)]
}

fn texts(from: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    some(from).prop_map(|texts| texts.into_iter().map(str::to_owned).collect())
}

prop_compose! {
    fn filter()(
        bounds in option::weighted(0.4, (0..3 * DAY, 0..3 * DAY)),
        (actors, urls, hosts, methods) in (texts(&ACTORS), texts(&URLS), texts(&HOSTS), texts(&["GET", "PUT"])),
        (policy_ids, sub_categories) in (texts(&POLICIES), texts(&["SUB_0", "Xss"])),
        severities in some(&SEVERITIES),
        detection_types in some(&[DetectionType::RuleBased, DetectionType::Anomaly]),
        (collection_ids, sensor_ids) in (some(&[0_i64, 1]), texts(&["s", "u"])),
        status in option::weighted(0.3, select(&EventStatus::ALL)),
        successful in option::weighted(0.3, any::<bool>()),
        search in option::weighted(0.4, select(&SEARCHES)),
        ids in option::weighted(0.1, prop::collection::vec(0..50_u128, 0..20)),
    ) -> EventFilter {
        let range = bounds.map_or(TimeRange::ALL, |(from, until)| TimeRange { from: at(from), until: at(until) });
        EventFilter {
            range,
            ids: ids.map(|ids| ids.into_iter().map(Uuid::from_u128).collect()),
            actors, urls, hosts, methods, collection_ids, sensor_ids, detection_types, severities, sub_categories, policy_ids,
            status, successful,
            search: search.map(str::to_owned),
        }
    }
}

fn fits(filter: &EventFilter, event: &NewEvent) -> bool {
    fn any<T: PartialEq>(list: &[T], value: &T) -> bool {
        list.is_empty() || list.contains(value)
    }
    let row = &event.row;
    let searched = |text: &String| {
        let text = text.to_ascii_lowercase();
        let shown = [&row.policy_id, &row.host, &row.actor, &row.url];
        shown.iter().any(|field| field.to_ascii_lowercase().contains(&text)) || {
            let payload =
                String::from_utf8(event.detail.samples[0].request_payload.clone()).unwrap().to_lowercase();
            let words: Vec<_> =
                text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            let (last, first) = words.split_last().unwrap();
            let held: BTreeSet<_> = payload.split(' ').collect();
            first.iter().all(|word| held.contains(word)) && held.iter().any(|word| word.starts_with(last))
        }
    };
    row.detected_at >= filter.range.from
        && row.detected_at < filter.range.until
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&row.id))
        && any(&filter.actors, &row.actor)
        && any(&filter.urls, &row.url)
        && any(&filter.hosts, &row.host)
        && any(&filter.methods, &row.method)
        && any(&filter.collection_ids, &row.collection_id)
        && any(&filter.sensor_ids, &row.sensor_id)
        && any(&filter.detection_types, &row.detection_type)
        && any(&filter.severities, &row.severity)
        && any(&filter.policy_ids, &row.policy_id)
        && (any(&filter.sub_categories, &row.sub_category) || any(&filter.sub_categories, &row.policy_id))
        && filter.status.is_none_or(|status| status == row.status)
        && filter.successful.is_none_or(|successful| successful == row.successful)
        && filter.search.as_ref().is_none_or(searched)
}

/// Those that fit, newest first; those of one millisecond by arrival, which is the order of ids here.
fn fitting<'a>(events: &'a [NewEvent], filter: &EventFilter) -> Vec<&'a EventRow> {
    let mut rows: Vec<_> =
        events.iter().filter(|event| fits(filter, event)).map(|event| &event.row).collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.detected_at, row.id)));
    rows
}

fn page<S>(skip: u64, limit: u64, key: S) -> Page<S> {
    Page { skip, limit, sort: vec![(key, Order::Descending)] }
}

fn lists_alike(store: &SqliteStore, events: &[NewEvent], filter: &EventFilter) {
    let expected = fitting(events, filter);
    let all = store.list(filter, &page(0, 1_000, EventSort::DetectedAt)).unwrap();
    assert_eq!(all.rows.iter().collect::<Vec<_>>(), expected);
    assert_eq!((all.total, all.is_exact), (expected.len() as u64, true));
    let some = store.list(filter, &page(2, 3, EventSort::DetectedAt)).unwrap();
    assert_eq!(
        some.rows.iter().collect::<Vec<_>>(),
        expected.iter().copied().skip(2).take(3).collect::<Vec<_>>()
    );
    assert_eq!((some.total, some.is_exact), (expected.len() as u64, true));
    let mut severe = expected;
    severe.sort_by_key(|row| std::cmp::Reverse(row.severity));
    let listed = store.list(filter, &page(0, 1_000, EventSort::Severity)).unwrap();
    assert_eq!(listed.rows.iter().collect::<Vec<_>>(), severe);
}

fn figures_alike(store: &SqliteStore, events: &[NewEvent], range: TimeRange, policies: &[String]) {
    let filter = EventFilter { range, policy_ids: policies.to_vec(), ..EventFilter::all() };
    let rows = fitting(events, &filter);
    let mut severities: BTreeMap<Severity, u64> = BTreeMap::new();
    let mut endpoints: BTreeMap<_, (u64, BTreeSet<&str>, i64)> = BTreeMap::new();
    let mut days: BTreeMap<i64, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for row in &rows {
        *severities.entry(row.severity).or_default() += 1;
        let time = row.detected_at.millis();
        let one = endpoints.entry((row.method.as_str(), row.url.as_str(), row.host.as_str())).or_insert((
            0,
            BTreeSet::new(),
            i64::MAX,
        ));
        one.0 += 1;
        one.1.insert(&row.actor);
        one.2 = one.2.min(time);
        let day = days.entry(time / DAY * DAY).or_default();
        day.0.insert(&row.actor);
        if matches!(row.severity, Severity::High | Severity::Critical) {
            day.1.insert(&row.actor);
        }
    }
    let counted = store.severity_counts(range, policies).unwrap();
    assert_eq!(counted, severities.into_iter().rev().collect::<Vec<_>>());
    for key in [EndpointSort::Actors, EndpointSort::Requests, EndpointSort::DiscoveredAt] {
        let listing = store.endpoints(range, policies, &page(0, 1_000, key)).unwrap();
        let sorted: Vec<_> = listing
            .rows
            .iter()
            .map(|one| match key {
                EndpointSort::Actors => one.actors,
                EndpointSort::Requests => one.requests,
                EndpointSort::DiscoveredAt => one.discovered_at.millis().unsigned_abs(),
            })
            .collect();
        assert!(sorted.is_sorted_by(|a, b| a >= b), "{key:?}: {sorted:?}");
        let of = |method: &str, url: &str, host: &str| {
            let (requests, actors, first) = &endpoints[&(method, url, host)];
            (*requests, actors.len() as u64, *first)
        };
        for one in &listing.rows {
            let expected = of(&one.method, &one.url, &one.host);
            assert_eq!((one.requests, one.actors, one.discovered_at.millis()), expected);
        }
        assert_eq!(listing.total, endpoints.len() as u64);
        assert_eq!(listing.rows.len(), endpoints.len());
        let first = store.endpoints(range, policies, &page(1, 2, key)).unwrap();
        assert_eq!(first.rows, listing.rows.iter().skip(1).take(2).cloned().collect::<Vec<_>>());
    }
    let (counted, totals) = store.daily_actors(range, policies).unwrap();
    let expected: Vec<_> =
        days.iter().map(|(day, (all, critical))| (*day, all.len() as u64, critical.len() as u64)).collect();
    let counted: Vec<_> = counted.iter().map(|day| (day.day.millis(), day.actors, day.critical)).collect();
    assert_eq!(counted, expected);
    assert_eq!(totals.events, rows.len() as u64);
    let countries = store.actors_per_country(range, policies).unwrap();
    let actors: BTreeSet<_> = rows.iter().map(|row| &row.actor).collect();
    assert_eq!(countries.iter().map(|(_, count)| count).sum::<u64>(), actors.len() as u64);
}

fn actors_alike(store: &SqliteStore, events: &[NewEvent], filter: &ActorFilter) {
    let in_range = EventFilter { range: filter.range, actors: filter.actors.clone(), ..EventFilter::all() };
    let mut latest: Vec<&EventRow> = Vec::new();
    for row in fitting(events, &in_range) {
        if latest.iter().all(|known| known.actor != row.actor) {
            latest.push(row);
        }
    }
    let any = |list: &[String], value: &String| list.is_empty() || list.contains(value);
    latest.retain(|row| {
        any(&filter.latest_policies, &row.policy_id)
            && any(&filter.latest_hosts, &row.host)
            && any(&filter.countries, &row.country)
    });
    let listing = store.actors(filter, &page(0, 1_000, ActorSort::DiscoveredAt)).unwrap();
    let mut shown: Vec<_> = listing.rows.iter().map(|row| &row.latest).collect();
    assert!(shown.is_sorted_by(|a, b| a.detected_at >= b.detected_at));
    shown.sort_by_key(|row| &row.actor);
    latest.sort_by_key(|row| &row.actor);
    assert_eq!(shown, latest);
    assert_eq!(listing.total, latest.len() as u64);
    for row in &listing.rows {
        let own = |event: &&NewEvent| event.row.actor == row.latest.actor;
        let times: Vec<_> = events.iter().filter(own).map(|event| event.row.detected_at).collect();
        let all = (times.len() as u64, *times.iter().min().unwrap(), *times.iter().max().unwrap());
        assert_eq!((row.events, row.first_seen, row.last_seen), all);
    }
}

fn menus_alike(store: &SqliteStore, events: &[NewEvent], range: TimeRange) {
    let rows = fitting(events, &EventFilter { range, ..EventFilter::all() });
    for (field, of) in [
        (DistinctField::Actor, (|row| row.actor.clone()) as fn(&EventRow) -> String),
        (DistinctField::Url, |row| row.url.clone()),
        (DistinctField::Host, |row| row.host.clone()),
        (DistinctField::PolicyId, |row| row.policy_id.clone()),
        (DistinctField::Country, |row| row.country.clone()),
    ] {
        let expected: BTreeSet<_> = rows.iter().map(|row| of(row)).collect();
        assert_eq!(store.distinct(field, range, 1_000).unwrap(), expected.into_iter().collect::<Vec<_>>());
    }
}

/// As it was before there were sets by hour.
fn reopened_from_schema_before_hours(store: SqliteStore, folder: &Path) -> SqliteStore {
    drop(store);
    let connection = Connection::open(folder.join("control-plane.sqlite")).unwrap();
    connection.execute_batch("DROP TABLE event_hour_set; PRAGMA user_version = 15;").unwrap();
    drop(connection);
    SqliteStore::open(folder).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_store_says_what_a_plain_list_says(
        mut events in prop::collection::vec(made(), 1..50),
        filters in prop::collection::vec(filter(), 8),
        (moved, to, deleted) in (filter(), select(&EventStatus::ALL), filter()),
        countries in some(&["NL", "DE"]),
        is_of_before in any::<bool>(),
    ) {
        for (number, event) in (0..).zip(&mut events) {
            event.row.id = Uuid::from_u128(number);
            event.row.ref_id = format!("ref-{number}");
        }
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path()).unwrap();
        for some in events.chunks(20) {
            store.append(some.to_vec()).unwrap();
        }
        let store = if is_of_before { reopened_from_schema_before_hours(store, folder.path()) } else { store };
        for step in 0..3 {
            for filter in &filters {
                lists_alike(&store, &events, filter);
                figures_alike(&store, &events, filter.range, &filter.policy_ids);
                menus_alike(&store, &events, filter.range);
                actors_alike(&store, &events, &ActorFilter {
                    range: filter.range,
                    actors: filter.actors.clone(),
                    latest_policies: filter.policy_ids.clone(),
                    latest_hosts: filter.hosts.clone(),
                    countries: countries.iter().map(|country| (*country).to_owned()).collect(),
                });
            }
            if step == 0 {
                let count = fitting(&events, &moved).len() as u64;
                prop_assert_eq!(store.set_status(&me(), &moved, "{}", to).unwrap(), count);
                for event in &mut events {
                    if fits(&moved, event) {
                        event.row.status = to;
                    }
                }
            } else if step == 1 {
                let count = fitting(&events, &deleted).len() as u64;
                prop_assert_eq!(store.delete(&me(), &deleted, "{}").unwrap(), count);
                events.retain(|event| !fits(&deleted, event));
            }
        }
    }
}
