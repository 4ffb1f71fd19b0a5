//! The inventory says which kinds of sensitive data an endpoint takes and gives.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/exchange.rs"]
mod exchange;

use portcullis_detection::{Engine, PolicySet, SensitiveKinds};
use portcullis_exchange::{Body, Headers, Request, Response, Timestamp};

use self::exchange::exchange;

const CARD: &str = r#"{"card": "4111 1111 1111 1111"}"#;
const MAIL: &str = r#"{"mail": "ada@shop.example"}"#;

fn order(engine: &Engine, second: u64, asked: &str, status: u16, answered: &str) {
    let request = Request {
        method: "POST".into(),
        target: b"/orders".into(),
        headers: Headers::from_pairs([("Host", "shop.example"), ("Content-Type", "application/json")]),
        body: Body::plain(asked),
        ..Request::default()
    };
    let response = Response { status, body: Body::plain(answered), ..Response::default() };
    let at = Timestamp::from_seconds(1_680_000_000 + second);
    engine.judge(&exchange([203, 0, 113, 7], at, request, Some(response)));
}

/// What is new: what is taken and what is given.
fn told(engine: &Engine) -> Option<(Vec<&'static str>, Vec<&'static str>)> {
    let learned = engine.learned();
    let batch = learned.batch(10, false)?;
    learned.arrived(batch.number);
    let seen = batch.endpoints.first().unwrap().1.sensitive;
    let names = |kinds: SensitiveKinds| kinds.iter().map(|kind| kind.name()).collect();
    Some((names(seen.in_requests), names(seen.in_responses)))
}

#[test]
fn kinds_are_told_apart_by_direction_and_each_is_news_once() {
    let engine = Engine::new(PolicySet::default());
    order(&engine, 0, "{}", 200, "{}");
    assert_eq!(told(&engine), Some((vec![], vec![])));
    order(&engine, 1, CARD, 200, MAIL);
    assert_eq!(told(&engine), Some((vec!["card"], vec!["email"])));
    order(&engine, 2, CARD, 200, MAIL);
    assert_eq!(told(&engine), None);
}

#[test]
fn what_failed_tells_nothing_of_an_endpoint() {
    let engine = Engine::new(PolicySet::default());
    order(&engine, 0, "{}", 200, "{}");
    order(&engine, 1, CARD, 400, MAIL);
    let _statuses = told(&engine);
    order(&engine, 2, "{}", 200, "{}");
    assert_eq!(told(&engine), None);
    assert_eq!(engine.learned().batch(1, true).unwrap().endpoints[0].1.sensitive, <_>::default());
}

#[test]
fn of_a_busy_endpoint_one_exchange_a_minute_is_looked_at_and_all_that_policies_look_into() {
    let engine = Engine::new(PolicySet::default());
    (0..8).for_each(|second| order(&engine, second, "{}", 200, "{}"));
    order(&engine, 9, CARD, 200, MAIL);
    assert_eq!(told(&engine), Some((vec![], vec![])));
    order(&engine, 60, CARD, 200, "{}");
    assert_eq!(told(&engine), Some((vec!["card"], vec![])));
    let text = "id: P\nfilter: {response_holds: [iban]}";
    let engine = engine.with_policies(PolicySet::parse([("p.yaml", text)]).0);
    order(&engine, 61, "{}", 200, MAIL);
    assert_eq!(told(&engine), Some((vec!["card"], vec!["email"])));
}
