//! Windows of matches per actor.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test says no by panicking, and why it was skipped by printing"
)]

#[path = "support/exchange.rs"]
mod exchange;

use std::{net::IpAddr, sync::Arc};

use portcullis_detection::{Engine, EventType, PolicySet};
use portcullis_exchange::{Headers, Request, Response, TaggedExchange, Timestamp};

use self::exchange::exchange;

fn engine(rules: &str) -> Engine {
    let text =
        format!("id: Burst\nfilter:\n  response_code: {{gte: 400, lt: 500}}\naggregation_rules:\n{rules}");
    let (set, errors) = PolicySet::parse([("burst.yaml", text)]);
    assert_eq!(errors, []);
    Engine::new(set)
}

fn rule(count: u32, minutes: u32) -> String {
    format!(
        "  - rule:\n      name: r\n      condition:\n        matchCount: {count}\n        windowThreshold: {minutes}\n"
    )
}

fn failed(actor: &str, second: u64, target: &str) -> Arc<TaggedExchange> {
    let address: IpAddr = actor.parse().unwrap();
    let at = Timestamp::from_seconds(1_000_000 + second);
    let request = Request { method: "GET".into(), target: target.into(), ..Request::default() };
    exchange(address, at, request, Some(Response { status: 404, ..Response::default() }))
}

/// At which of the moments an event was raised.
fn fired(engine: &Engine, seconds: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let hit = |second: &u64| !engine.judge(&failed("203.0.113.7", *second, "/x")).is_empty();
    seconds.into_iter().filter(hit).collect()
}

#[test]
fn below_the_threshold_there_is_no_event() {
    assert!(fired(&engine(&rule(5, 1)), 0..4).is_empty());
}

#[test]
fn the_match_that_fills_the_window_raises_one_event_with_samples() {
    let engine = engine(&rule(5, 1));
    assert!(fired(&engine, 0..4).is_empty());
    let found = engine.judge(&failed("203.0.113.7", 4, "/last"));
    let [event] = found.as_slice() else { panic!("one event") };
    assert_eq!((event.event_type, event.match_count, event.samples.len()), (EventType::Aggregated, 5, 5));
    let newest = event.samples[0].exchange.request.as_ref().unwrap();
    assert_eq!(newest.path(), b"/last");
}

#[test]
fn a_burst_that_goes_on_fires_once_per_threshold() {
    assert_eq!(fired(&engine(&rule(5, 1)), 0..20), [4, 9, 14, 19]);
}

#[test]
fn matches_that_left_the_window_do_not_count() {
    assert!(fired(&engine(&rule(3, 1)), [0, 30, 60, 90, 120]).is_empty());
    assert_eq!(fired(&engine(&rule(3, 1)), [0, 30, 59]), [59]);
}

#[test]
fn any_of_several_rules_is_enough() {
    let engine = engine(&format!("{}{}", rule(5, 1), rule(6, 10)));
    assert_eq!(fired(&engine, (0..6).map(|n| n * 100)), [500]);
}

#[test]
fn each_actor_has_a_window_of_its_own() {
    let engine = engine(&rule(3, 1));
    for actor in ["203.0.113.1", "203.0.113.2", "2001:db8::1"] {
        assert!(engine.judge(&failed(actor, 0, "/")).is_empty());
        assert!(engine.judge(&failed(actor, 1, "/")).is_empty());
    }
    assert_eq!(engine.judge(&failed("2001:db8::1", 2, "/")).len(), 1);
}

#[test]
fn the_same_address_in_two_overlay_networks_is_two_actors() {
    let engine = engine(&rule(3, 1));
    let of = |vni: Option<u32>, second: u64| {
        let mut tagged = Arc::unwrap_or_clone(failed("10.0.0.7", second, "/"));
        tagged.exchange.vni = vni;
        engine.judge(&Arc::new(tagged))
    };
    for second in [0, 1] {
        assert!([None, Some(7), Some(8)].into_iter().all(|vni| of(vni, second).is_empty()));
    }
    let found = of(Some(7), 2);
    let [event] = found.as_slice() else { panic!("one event") };
    assert!(event.samples.iter().all(|sample| sample.exchange.vni == Some(7)));
}

#[test]
fn moments_may_arrive_out_of_order() {
    assert_eq!(fired(&engine(&rule(3, 1)), [10, 5, 7]), [7]);
}

#[test]
fn different_values_are_counted_where_a_rule_asks_for_them() {
    let rules = "  - rule:\n      condition:\n        matchCount: 3\n        windowThreshold: 1\n        distinctIdentifier: {count: 3, source: url}\n";
    let engine = engine(rules);
    for second in 0..10 {
        assert!(engine.judge(&failed("203.0.113.7", second, "/same")).is_empty());
    }
    assert!(engine.judge(&failed("203.0.113.7", 11, "/a")).is_empty());
    assert_eq!(engine.judge(&failed("203.0.113.7", 12, "/b")).len(), 1);
}

fn grouped(by: &str) -> String {
    format!("{}      groupBy: [{by}]\n", rule(3, 1))
}

#[test]
fn matches_are_counted_by_what_the_rule_groups_them_by() {
    let by = |group: &str, who: [(&str, &str); 4]| {
        let engine = engine(&grouped(group));
        let hit = |(second, (actor, target)): (u64, (&str, &str))| {
            !engine.judge(&failed(actor, second, target)).is_empty()
        };
        (0..).zip(who).map(hit).collect::<Vec<_>>()
    };
    let (a, b) = ("203.0.113.1", "203.0.113.2");
    let several = [(a, "/users/1"), (b, "/users/22"), (a, "/orders"), (b, "/users/333?x")];
    assert_eq!(by("api", several), [false, false, false, true]);
    assert_eq!(by("actor, api", several), [false; 4]);
    let of_one = [(a, "/users/1"), (a, "/u"), (a, "/users/2"), (a, "/users/3")];
    assert_eq!(by("actor, api", of_one), [false, false, false, true]);
    assert_eq!(by("host", several), [false, false, true, false]);
}

#[test]
fn what_a_rule_groups_by_is_checked_when_it_is_read() {
    let error = |policy: &str| PolicySet::parse([("p.yaml", policy)]).1.remove(0).to_string();
    let text = |tail: &str| {
        format!("id: P\nfilter: {{method: {{eq: GET}}}}\naggregation_rules:\n{}{tail}", rule(3, 1))
    };
    let unknown = error(&text("      groupBy: [actor, apy]\n"));
    assert!(unknown.contains("p.yaml:9:24") && unknown.contains("api"), "{unknown}");
    let nobody = error(&text("      groupBy: [api]\nmode: block\n"));
    assert!(nobody.contains("must have `actor`"), "{nobody}");
}

#[test]
fn each_rule_counts_its_own_different_values() {
    let distinct = |source: &str, key: &str| {
        format!("{}        distinctIdentifier: {{count: 3, source: {source}, key: {key}}}\n", rule(3, 1))
    };
    let engine = engine(&format!("{}{}", distinct("query_param", "user"), distinct("query_param", "card")));
    for n in 0..10 {
        assert!(engine.judge(&failed("203.0.113.7", n, "/x?user=1&card=2")).is_empty());
    }
    assert!(engine.judge(&failed("203.0.113.7", 11, "/x?user=1&card=3")).is_empty());
    assert_eq!(engine.judge(&failed("203.0.113.7", 12, "/x?user=1&card=4")).len(), 1);
}

#[test]
fn a_match_costs_the_same_however_many_came_before() {
    let cost = |count: u32| {
        let engine = engine(&rule(count, 5));
        let started = std::time::Instant::now();
        let matches = (0..20_000_u64).map(|n| failed("203.0.113.7", n / 200, "/x"));
        matches.for_each(|exchange| drop(engine.judge(&exchange)));
        started.elapsed().as_secs_f64()
    };
    let (few, many) = (cost(100), cost(100_000));
    assert!(many < few * 3.0, "{many} s with 100,000 for a threshold, {few} s with 100");
}

#[test]
fn windows_outlive_a_change_of_policies() {
    let first = engine(&rule(3, 1));
    assert!(fired(&first, [0, 1]).is_empty());
    let second = first.with_policies(first.policies().clone());
    assert_eq!(fired(&second, [2]), [2]);
}

#[test]
fn many_actors_push_the_oldest_windows_out_and_that_is_counted() {
    let engine = engine(&rule(2, 1));
    for number in 0..100_000_u32 {
        let actor = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_string();
        engine.judge(&failed(&actor, 0, "/"));
    }
    let counter = |name: &str| engine.counters().into_iter().find(|(known, _)| *known == name).unwrap().1;
    assert!(counter("detect_windows") <= 16 * 4096);
    assert_eq!(counter("detect_windows") + counter("detect_windows_evicted_total"), 100_000);
}

#[test]
fn shards_share_one_window() {
    let engine = Arc::new(engine(&rule(1000, 5)));
    let events: usize = std::thread::scope(|scope| {
        let shards: Vec<_> = (0..4)
            .map(|shard| {
                let engine = Arc::clone(&engine);
                scope.spawn(move || {
                    (0..250)
                        .filter(|n| !engine.judge(&failed("203.0.113.7", (n + shard) / 10, "/")).is_empty())
                        .count()
                })
            })
            .collect();
        shards.into_iter().map(|shard| shard.join().unwrap()).sum()
    });
    assert_eq!(events, 1);
}

#[test]
fn a_host_that_allows_origin_after_origin_is_told_once_and_one_with_a_partner_is_not() {
    let set = PolicySet::builtin();
    let policy = set.get("CORSReflectedOrigin").unwrap();
    let engine = Engine::new(PolicySet::parse([("cors.yaml", &*policy.source)]).0);
    let ask = |host: &str, origin: String, second: u64| {
        let headers = Headers::from_pairs([("host", host), ("origin", &origin)]);
        let request = Request { method: "GET".into(), target: b"/me".into(), headers, ..Request::default() };
        let headers =
            [("access-control-allow-origin", origin.as_str()), ("access-control-allow-credentials", "true")];
        let response = Response { status: 200, headers: Headers::from_pairs(headers), ..Response::default() };
        let at = Timestamp::from_seconds(1_000_000 + second);
        engine.judge(&exchange([203, 0, 113, second as u8], at, request, Some(response))).len()
    };
    let told: usize = (0..40).map(|n| ask("one.test", "https://partner.test".to_owned(), n)).sum();
    assert_eq!(told, 0);
    let told: Vec<_> = (0..10).map(|n| ask("any.test", format!("https://site{n}.test"), n)).collect();
    assert_eq!(told, [0, 0, 0, 0, 0, 0, 0, 1, 0, 0]);
}
