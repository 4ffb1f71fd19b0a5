use portcullis_exchange::{Body, Headers, Request, Response, Timestamp};

use super::*;
use crate::exchange::exchange;

struct Asked {
    method: &'static str,
    host: String,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: &'static str,
    status: u16,
}

fn get(target: impl Into<String>) -> Asked {
    let (host, target) = ("Shop.Example".to_owned(), target.into());
    Asked { method: "GET", host, target, headers: Vec::new(), body: "", status: 200 }
}

fn note(inventory: &Inventory, asked: &Asked, second: u64) {
    note_in(None, inventory, asked, second);
}

fn note_in(vni: Option<u32>, inventory: &Inventory, asked: &Asked, second: u64) {
    let mut headers = vec![("Host", asked.host.clone())];
    headers.extend(asked.headers.iter().cloned());
    let request = Request {
        method: asked.method.into(),
        target: asked.target.clone().into_bytes(),
        headers: Headers::from_pairs(headers),
        body: Body::plain(asked.body),
        ..Request::default()
    };
    let response = Response {
        status: asked.status,
        headers: Headers::from_pairs([("Content-Type", "application/json; charset=utf-8")]),
        ..Response::default()
    };
    let at = Timestamp::from_seconds(1_000_000 + second);
    let mut tagged = std::sync::Arc::unwrap_or_clone(exchange([203, 0, 113, 7], at, request, Some(response)));
    tagged.exchange.vni = vni;
    let views = Views::of(tagged.exchange.request.as_ref().unwrap(), None);
    inventory.note(&tagged, &views, |_| ());
}

fn templates(inventory: &Inventory) -> Vec<String> {
    let batch = inventory.batch(usize::MAX, true).unwrap_or_default();
    inventory.lost(Vec::new());
    let mut names: Vec<_> = batch
        .endpoints
        .iter()
        .map(|(name, facts)| format!("{} {}{} {}", name.method, name.host, name.template, facts.requests))
        .collect();
    names.sort_unstable();
    names
}

fn counter(inventory: &Inventory, name: &str) -> u64 {
    inventory.counters().into_iter().find(|(known, _)| *known == name).unwrap().1
}

#[test]
fn hosts_of_the_same_name_in_two_overlay_networks_are_two_also_after_a_restart() {
    let inventory = Inventory::default();
    for (vni, target) in [(None, "/a"), (Some(7), "/b"), (Some(8), "/b")] {
        note_in(vni, &inventory, &get(target), 0);
    }
    let told = |inventory: &Inventory| {
        let batch = inventory.batch(usize::MAX, true).unwrap();
        let names = batch.endpoints.into_iter().map(|(name, _)| (name.vni, name.template));
        let mut names: Vec<_> = names.collect();
        names.sort_unstable();
        names
    };
    let expected = [(None, "/a".to_owned()), (Some(7), "/b".to_owned()), (Some(8), "/b".to_owned())];
    assert_eq!(told(&inventory), expected);
    let again = Inventory::default();
    inventory.each_kept(&mut |line| {
        let kept = line.unwrap();
        assert!(again.restore(serde_json::from_str(&kept).unwrap(), Timestamp::from_seconds(1_000_001)));
    });
    // What was told before the restart is told again only to whoever knows nothing.
    again.tell_all_again();
    assert_eq!(told(&again), expected);
}

#[test]
fn identifiers_are_parameters_at_once_and_words_are_not() {
    let inventory = Inventory::default();
    for id in 0..100 {
        note(&inventory, &get(format!("/users/{id}/orders?page={id}")), id);
        note(&inventory, &get("/users/me"), id);
    }
    note(&inventory, &get("/"), 0);
    note(&inventory, &Asked { method: "DELETE", ..get("/users/17/orders") }, 0);
    assert_eq!(
        templates(&inventory),
        [
            "DELETE shop.example/users/{id}/orders 1",
            "GET shop.example/ 1",
            "GET shop.example/users/me 100",
            "GET shop.example/users/{id}/orders 100",
        ]
    );
}

#[test]
fn many_words_in_one_place_become_a_parameter_and_those_asked_for_often_stay() {
    let inventory = Inventory::default();
    for n in 0..20 {
        note(&inventory, &get("/articles/latest"), n);
    }
    let name = |n: u64| format!("/articles/on-{}-and-{}", ["tea", "rain", "dust"][n as usize % 3], word(n));
    for n in 0..200 {
        note(&inventory, &get(name(n)), n);
    }
    let found = templates(&inventory);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert_eq!(found[0], "GET shop.example/articles/latest 20");
    assert!(found[1].starts_with("GET shop.example/articles/{id} 19"), "{found:?}");
    // The sixty-fourth word was no endpoint yet.
    assert_eq!(counter(&inventory, "inventory_merged_total"), 64 - 2);
    let removed = inventory.batch(usize::MAX, true).unwrap().removed;
    assert!(removed.is_empty(), "they went with the batch before");
}

fn word(mut n: u64) -> String {
    let mut word = String::new();
    for _ in 0..5 {
        word.push(char::from(b'a' + (n % 26) as u8));
        n = n / 26 + n % 7;
    }
    format!("{word}{}", ["ing", "ed", "er"][n as usize % 3]) + &"x".repeat((n % 5) as usize)
}

#[test]
fn a_million_paths_that_are_not_there_leave_nothing() {
    let inventory = Inventory::default();
    note(&inventory, &get("/users/1"), 0);
    for n in 0..20_000_u64 {
        let status = [404, 405, 401, 403, 400, 500, 502][n as usize % 7];
        let host = format!("{}.example", n % 50);
        note(&inventory, &Asked { status, host, ..get(format!("/{}/{}", word(n), word(n * 7))) }, n);
        note(&inventory, &Asked { status, ..get(format!("/{}/{}", word(n), word(n * 7))) }, n);
    }
    assert_eq!(templates(&inventory), ["GET shop.example/users/{id} 1"]);
}

#[test]
fn who_answers_everything_stays_bounded() {
    let inventory = Inventory::default();
    for n in 0..30_000_u64 {
        let deep = (0..1 + n % 20).map(|m| word(n * 31 + m * 17)).collect::<Vec<_>>().join("/");
        let host = format!("{}.example", n % 3000);
        note(&inventory, &Asked { host, ..get(format!("/{deep}")) }, n);
    }
    let (hosts, endpoints) =
        (counter(&inventory, "inventory_hosts"), counter(&inventory, "inventory_endpoints"));
    assert!(hosts <= 16 * 64 && endpoints <= 16 * 1025, "{hosts} hosts, {endpoints} endpoints");
    assert!(counter(&inventory, "inventory_evicted_total") > 0);
}

#[test]
fn parameters_types_statuses_and_credentials_are_told() {
    let inventory = Inventory::default();
    for n in 0..60_u64 {
        let mut asked = Asked {
            method: "POST",
            body: [r#"{"total": 1.5, "tags": ["a"], "gift": true}"#, r#"{"total": 2}"#][n as usize % 2],
            headers: vec![
                ("Content-Type", "application/json".into()),
                ("Authorization", format!("Bearer eyJhbGciOiJIUzI1NiJ9.e30.{n}")),
            ],
            ..get(format!("/shops/{n}/orders?sort={}&q=x{n}", ["up", "down"][n as usize % 2]))
        };
        if n == 0 {
            asked.headers.pop();
            asked.status = 401;
        }
        // Failed requests count, but what they carried does not.
        if n == 59 {
            (asked.status, asked.target) = (422, "/shops/1/orders?is_admin=1".into());
        }
        note(&inventory, &Asked { status: asked.status, ..get("/other") }, n);
        note(&inventory, &asked, n);
    }
    // The first one was refused before the endpoint was known.
    let batch = inventory.batch(10, true).unwrap();
    let (_, facts) = batch.endpoints.iter().find(|(name, _)| name.method == "POST").unwrap();
    assert_eq!((facts.requests, facts.statuses.as_slice()), (59, &[(200, 58), (422, 1)][..]));
    let mut told: Vec<_> = facts
        .parameters
        .iter()
        .map(|one| {
            let kinds: Vec<_> = one.kinds().map(ValueKind::name).collect();
            format!("{} {} {} {}", one.place.name(), one.name, kinds.join("|"), one.seen)
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            "body gift boolean 29",
            "body tags[] string|array 29",
            "body total integer|number 58",
            "path shops integer 58",
            "query q string 58",
            "query sort enum 58",
        ]
    );
    assert_eq!(facts.auth[AuthKind::BearerJwt as usize], 59);
    assert_eq!(facts.request_types, ["application/json"]);
    assert_eq!(facts.response_types, ["application/json"]);
}

#[test]
fn only_what_changed_is_told_until_it_has_arrived() {
    let inventory = Inventory::default();
    note(&inventory, &get("/a"), 0);
    note(&inventory, &get("/b"), 0);
    let first = inventory.batch(10, false).unwrap();
    assert_eq!(first.endpoints.len(), 2);
    inventory.lost(first.removed);
    let again = inventory.batch(10, false).unwrap();
    note(&inventory, &get("/b"), 1);
    inventory.arrived(again.number);
    assert_eq!(
        inventory.batch(10, false).map(|batch| batch.endpoints.len()),
        None,
        "no more than a count is new"
    );
    let counts = inventory.batch(10, true).unwrap();
    assert_eq!(counts.endpoints.iter().map(|(name, _)| name.template.as_str()).collect::<Vec<_>>(), ["/b"]);
    inventory.arrived(counts.number);
    note(&inventory, &get("/a?new=1"), 2);
    let news = inventory.batch(10, false).unwrap();
    assert_eq!(news.endpoints[0].0.template, "/a");
    inventory.arrived(news.number);
    inventory.tell_all_again();
    assert_eq!(inventory.batch(1, false).unwrap().endpoints.len(), 1);
}
