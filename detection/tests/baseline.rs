//! What is usual is learned, and who leaves it is told, once and with the figure.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/exchange.rs"]
mod exchange;

use std::net::IpAddr;

use portcullis_detection::{DetectionType, Engine, Figure, PolicySet};
use portcullis_exchange::{Body, Headers, Request, Response, Timestamp};

use self::exchange::exchange;

/// Customers of a shop, minute by minute, the same in every run.
struct Town {
    engine: Engine,
    state: u64,
    minute: u64,
    told: Vec<String>,
}

struct Visit {
    actor: [u8; 4],
    method: &'static str,
    target: String,
    body: &'static str,
    has_token: bool,
    status: u16,
    answer: usize,
}

impl Town {
    fn new() -> Self {
        let files =
            Figure::ALL.map(|figure| (figure.name(), format!("id: {0}\nanomaly: {0}", figure.name())));
        let (policies, errors) = PolicySet::parse(files);
        assert_eq!(errors, []);
        Self { engine: Engine::new(policies), state: 7, minute: 28_000_000, told: Vec::new() }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    fn visit(&mut self, visit: Visit) {
        let second = self.random(60);
        let at = Timestamp::from_seconds(self.minute * 60 + second);
        let address = IpAddr::from(visit.actor);
        let mut headers = vec![("Host", "shop.example"), ("Content-Type", "application/json")];
        if visit.has_token {
            headers.push(("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x"));
        }
        let request = Request {
            method: visit.method.into(),
            target: visit.target.into_bytes(),
            headers: Headers::from_pairs(headers),
            body: Body::plain(visit.body),
            ..Request::default()
        };
        let body = Body::plain(vec![b'x'; visit.answer]);
        let response = Response { status: visit.status, body, ..Response::default() };
        let tagged = exchange(address, at, request, Some(response));
        for detection in self.engine.judge(&tagged) {
            assert_eq!(detection.detection_type, DetectionType::Anomaly);
            let figure = detection.matched.first().unwrap();
            self.told.push(format!("{}: {}", detection.policy_id, figure.phrase));
        }
    }

    fn customer(&mut self) -> Visit {
        let actor = [10, 0, 0, self.random(40) as u8];
        let (own, other) = (self.random(8), self.random(500));
        let (method, target, body) = match self.random(4) {
            0 => ("GET", format!("/users/{}", u64::from(actor[3]) * 10 + own), ""),
            1 => ("GET", format!("/search?q=word{other}&page={own}"), ""),
            2 => ("POST", "/orders".to_owned(), r#"{"article": 17, "count": 2}"#),
            _ => ("GET", "/orders".to_owned(), ""),
        };
        let status = if self.random(40) == 0 { 404 } else { 200 };
        let answer = 200 + self.random(2000) as usize;
        Visit { actor, method, target, body, has_token: true, status, answer }
    }

    /// As by day and night, within two hours.
    fn minutes(&mut self, minutes: u64) {
        for _ in 0..minutes {
            let phase = (self.minute % 120) as f64 / 120.0 * std::f64::consts::TAU;
            let visits = 80.0 + 60.0 * phase.sin();
            for _ in 0..visits as u64 + self.random(20) {
                let visit = self.customer();
                self.visit(visit);
            }
            self.minute += 1;
        }
    }

    fn taught() -> Self {
        let mut town = Self::new();
        town.minutes(130);
        assert_eq!(town.told, Vec::<String>::new());
        town
    }

    /// What was told since, which must be of one figure and once.
    fn one(&self, figure: Figure, says: &str) {
        assert_eq!(self.told.len(), 1, "{:#?}", self.told);
        let text = self.told.first().unwrap();
        assert!(text.starts_with(&format!("{}: ", figure.name())) && text.contains(says), "{text}");
    }
}

const STRANGER: [u8; 4] = [203, 0, 113, 66];

#[test]
fn steady_traffic_raises_nothing_and_a_scraper_one_event() {
    let mut town = Town::taught();
    for n in 0..900 {
        let visit = Visit { actor: STRANGER, target: format!("/search?q=word{n}&page=1"), ..get("/") };
        town.visit(visit);
    }
    town.one(Figure::ActorRate, "requests a minute by one actor, usual 1–");
    town.minutes(20);
    town.one(Figure::ActorRate, "over 2 h");
}

fn get(target: &str) -> Visit {
    let (body, status, answer) = ("", 200, 500);
    Visit { actor: STRANGER, method: "GET", target: target.to_owned(), body, has_token: true, status, answer }
}

#[test]
fn an_actor_that_counts_through_identifiers_is_told_whatever_it_is_answered() {
    let mut town = Town::taught();
    for n in 0..200 {
        town.visit(Visit { status: if n % 3 == 0 { 403 } else { 200 }, ..get(&format!("/users/{n}")) });
        if n % 20 == 0 {
            town.minutes(1);
        }
    }
    town.one(Figure::Identifiers, "different identifiers by one actor in 10 min, usual up to ");
}

#[test]
fn a_burst_of_server_errors_is_told_once_with_its_share() {
    let mut town = Town::taught();
    for _ in 0..3 {
        for n in 0..30 {
            town.visit(Visit { actor: [10, 0, 0, n], status: 500, ..get("/orders") });
        }
        town.minutes(1);
    }
    town.one(Figure::ServerErrors, "usual 0.00–0.00 over 2 h");
}

#[test]
fn a_burst_of_client_errors_is_told_once_with_its_share() {
    let mut town = Town::taught();
    for n in 0..60 {
        town.visit(Visit { actor: [10, 0, 0, n % 40], status: 401, ..get("/orders") });
    }
    town.one(Figure::ClientErrors, "4xx share 1.00, usual 0.00–0.");
}

#[test]
fn a_flood_from_many_sources_is_told_of_the_endpoint() {
    let mut town = Town::taught();
    for n in 0..600_u32 {
        town.visit(Visit { actor: [198, 51, (n / 200) as u8, n as u8], ..get("/orders") });
    }
    town.one(Figure::EndpointRate, "requests a minute, usual ");
}

#[test]
fn a_dump_a_method_a_parameter_and_missing_credentials_are_told() {
    let mut town = Town::taught();
    town.visit(Visit { answer: 2 << 20, ..get("/search?q=a&page=1") });
    town.visit(Visit { method: "DELETE", ..get("/users/1") });
    let body = r#"{"article": 1, "count": 1, "price": 0}"#;
    town.visit(Visit { method: "POST", body, ..get("/orders") });
    town.visit(Visit { has_token: false, ..get("/users/2") });
    let told: Vec<_> = town.told.iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(told, ["answer_size", "new_method", "new_parameter", "missing_auth"], "{:#?}", town.told);
    assert!(town.told[2].contains("parameter `price` in the body, never seen in "), "{}", town.told[2]);
    assert!(town.told[3].contains("usual bearer-jwt in all of "), "{}", town.told[3]);
}

#[test]
fn nothing_is_told_in_the_first_hour() {
    let mut town = Town::new();
    town.minutes(50);
    for n in 0..900 {
        town.visit(Visit { status: 500, ..get(&format!("/users/{n}")) });
    }
    assert_eq!(town.told, Vec::<String>::new());
}

#[test]
fn the_same_traffic_tells_the_same_twice() {
    let run = || {
        let mut town = Town::taught();
        for n in 0..300 {
            town.visit(get(&format!("/users/{n}")));
        }
        town.told
    };
    assert_eq!(run(), run());
}

#[test]
fn an_anomaly_policy_says_what_it_cannot_have() {
    let error = |text: &str| PolicySet::parse([("p.yaml", text)]).1.remove(0).to_string();
    assert!(error("id: P\nanomaly: actor_rat").contains("actor_rate"));
    assert!(error("id: P\nanomaly: actor_rate\nfilter: {method: {eq: GET}}").contains("cannot stand beside"));
    assert!(error("id: P\nanomaly: client_errors\nmode: block").contains("not to be blocked"));
    assert_eq!(PolicySet::parse([("p.yaml", "id: P\nanomaly: identifiers\nmode: block")]).1, []);
}
