//! An attack whose answer leaves what the endpoint usually answers has worked, and one that is refused has not.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/exchange.rs"]
mod exchange;

use portcullis_detection::{Detection, Engine, Evidence, KeptError, PolicySet};
use portcullis_exchange::{Body, Headers, Request, Response, Timestamp};

use self::exchange::exchange;

const JSON: &str = "application/json";
const ATTACKER: [u8; 4] = [203, 0, 113, 66];

/// A shop that was asked for products, for a report and for pages for some hours.
struct Shop {
    engine: Engine,
    minute: u64,
}

impl Shop {
    fn after(minutes: u64) -> Self {
        let mut shop = Self { engine: Engine::new(PolicySet::builtin()), minute: 28_000_000 };
        for _ in 0..minutes {
            for n in 0..8_u8 {
                let customer = [10, 0, 0, n];
                let word = if n % 2 == 0 { "lamp" } else { "candle" };
                let found = products(1 + usize::from(n) % 3);
                let told = [
                    shop.ask(customer, &format!("/products?q={word}"), 200, JSON, &found),
                    shop.ask(customer, "/report?file=may.json", 200, JSON, r#"{"report": "may", "sum": 17}"#),
                    shop.ask(customer, "/page?name=home", 200, "text/html", &page("Shop", 400)),
                ];
                assert!(told.iter().all(Vec::is_empty), "{told:?}");
            }
            shop.minute += 1;
        }
        shop
    }

    fn ask(&self, actor: [u8; 4], target: &str, status: u16, kind: &str, body: &str) -> Vec<Detection> {
        let request = Request {
            method: "GET".into(),
            target: target.into(),
            headers: Headers::from_pairs([("Host", "shop.example")]),
            ..Request::default()
        };
        let headers = Headers::from_pairs([("Content-Type", kind)]);
        let response = Response { status, headers, body: Body::plain(body), ..Response::default() };
        self.engine.judge(&exchange(actor, self.now(), request, Some(response)))
    }

    fn kept(&self) -> String {
        let mut text = String::new();
        self.engine.learned().keep(&mut |line| {
            text.push_str(line);
            text.push('\n');
        });
        text
    }

    /// Another process, which was left that text.
    fn restarted(&self, text: &str) -> Result<(Self, usize), KeptError> {
        let engine = Engine::new(PolicySet::builtin());
        let restored = engine.learned().restore(text, self.now())?;
        Ok((Self { engine, minute: self.minute }, restored))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.minute * 60)
    }

    /// What proves that an attack worked.
    fn attack(&self, policy: &str, target: &str, status: u16, kind: &str, body: &str) -> Option<Evidence> {
        let found = self.ask(ATTACKER, target, status, kind, body);
        let of_it = found.into_iter().find(|found| &*found.policy_id == policy);
        of_it.unwrap_or_else(|| unreachable!("{policy} matches {target}")).successful_exploit
    }
}

const SQL: &str = "/products?q=x'%20OR%20'1'%3D'1'--%20";
const TRAVERSAL: &str = "/report?file=../../../conf/shop";

fn products(count: usize) -> String {
    let one = |n: usize| format!(r#"{{"id": {n}, "name": "lamp, brass, no. {n}", "price": 39.0}}"#);
    let all: Vec<_> = (0..count).map(one).collect();
    format!(r#"{{"products": [{}], "page": 1}}"#, all.join(", "))
}

fn page(title: &str, words: usize) -> String {
    format!("<!doctype html><html><title>{title}</title><p>{}</html>", "some words ".repeat(words))
}

#[test]
fn many_times_more_of_the_same_after_an_injection_is_evidence_with_both_figures() {
    let shop = Shop::after(70);
    let dump = products(900);
    let found = shop.attack("SQLInjection", SQL, 200, JSON, &dump).unwrap();
    assert_eq!((found.kind.as_str(), found.at.location.as_str()), ("more-than-usual", "response.body"));
    let (least, most) = (products(1).len(), products(3).len());
    let usual = format!("{} bytes, usually {least} to {most} in 560 answers over 70 min", dump.len());
    assert_eq!(found.at.phrase, usual);
    assert_eq!((found.at.start, found.at.end), (0, dump.len()));
}

#[test]
fn what_is_refused_is_no_success_however_it_looks() {
    let shop = Shop::after(70);
    let long = "not today ".repeat(5000);
    let error = format!(r#"{{"error": "invalid search", "help": "{long}"}}"#);
    let list = format!("[{}]", "1, ".repeat(20_000));
    for (status, kind, body) in [
        (403, JSON, products(900)),
        (500, JSON, products(900)),
        (302, JSON, products(900)),
        (206, JSON, products(900)),
        (200, JSON, error),
        (200, JSON, list),
        (200, "text/html", page("Request blocked", 9000)),
        (200, "text/plain", long.clone()),
        (200, JSON, products(0)),
        (200, JSON, products(3)),
        (200, JSON, products(20)),
        (200, JSON, format!(r#"{{"products": [], "page": "{}"}}"#, "q".repeat(2000))),
        (200, "", String::new()),
    ] {
        assert_eq!(shop.attack("SQLInjection", SQL, status, kind, &body), None, "{status} {kind}");
    }
}

#[test]
fn a_file_where_only_objects_came_is_evidence_of_a_traversal_and_a_message_is_not() {
    let shop = Shop::after(70);
    let file = "The new lamps come in May\n".repeat(30);
    let found = shop.attack("LocalFileInclusionLFIRFI", TRAVERSAL, 200, "text/plain", &file).unwrap();
    assert_eq!(found.kind, "unusual-file");
    let says = "text/plain of 780 bytes, usually application/json in 560 answers over 70 min";
    assert_eq!(found.at.phrase, says);
    for (kind, body) in [
        ("text/plain", "No such report: ../../../conf/shop".to_owned()),
        ("text/html", page("Not found", 300)),
        ("text/plain", page("Not found", 300)),
        ("text/plain", format!(r#"{{"error": "{}"}}"#, "no ".repeat(500))),
        ("image/png", "\u{1}".repeat(5000)),
        (JSON, file.clone()),
    ] {
        let found = shop.attack("LocalFileInclusionLFIRFI", TRAVERSAL, 200, kind, &body);
        assert_eq!(found, None, "{kind} {body:.40}");
    }
}

#[test]
fn a_page_counts_only_under_a_title_that_is_known() {
    let shop = Shop::after(70);
    let target = "/page?name=x'%20OR%20'1'%3D'1'--%20";
    let found = shop.attack("SQLInjection", target, 200, "text/html", &page("Shop", 9000)).unwrap();
    assert_eq!(found.kind, "more-than-usual");
    assert_eq!(shop.attack("SQLInjection", target, 200, "text/html", &page("Oops", 9000)), None);
}

#[test]
fn a_request_that_comes_back_in_its_answer_is_not_more() {
    let shop = Shop::after(70);
    let target = format!("{SQL}{}", "%41".repeat(3000));
    let echo = format!(r#"{{"products": [], "page": "{}"}}"#, "\\u0041".repeat(9000));
    assert_eq!(shop.attack("SQLInjection", &target, 200, JSON, &echo), None);
}

#[test]
fn nothing_is_claimed_before_an_hour_nor_where_attacks_are_all_there_is() {
    let shop = Shop::after(50);
    assert_eq!(shop.attack("SQLInjection", SQL, 200, JSON, &products(900)), None);
    let mut attacked = Shop::after(1);
    for _ in 0..100 {
        for _ in 0..8 {
            attacked.ask(ATTACKER, SQL, 200, JSON, &products(1));
        }
        attacked.minute += 1;
    }
    assert_eq!(attacked.attack("SQLInjection", SQL, 200, JSON, &products(900)), None);
}

#[test]
fn no_one_answer_shows_what_is_learned() {
    let text = "id: P\nfilter: {response_shows: [more-than-usual]}";
    let error = PolicySet::parse([("p.yaml", text)]).1.remove(0).to_string();
    assert!(error.contains("more-than-usual"), "{error}");
}

#[test]
fn what_is_usual_is_known_after_a_restart_without_another_hour() {
    let shop = Shop::after(70);
    let (again, restored) = shop.restarted(&shop.kept()).unwrap();
    assert_eq!(restored, 3);
    let dump = products(900);
    let before = shop.attack("SQLInjection", SQL, 200, JSON, &dump).unwrap();
    assert_eq!(again.attack("SQLInjection", SQL, 200, JSON, &dump), Some(before));
    let big = again.ask([10, 0, 0, 1], "/report?file=may.json", 200, JSON, &products(4000));
    let told: Vec<_> = big.iter().map(|found| &*found.policy_id).collect();
    assert_eq!(told, ["AnomalousAnswerSize"]);
}

#[test]
fn what_an_earlier_process_counted_is_not_told_once_more() {
    let shop = Shop::after(3);
    assert_eq!(shop.engine.learned().batch(9, true).unwrap().endpoints.len(), 3);
    let (again, _) = shop.restarted(&shop.kept()).unwrap();
    assert!(again.engine.learned().batch(9, true).is_none(), "nothing is new");
    again.ask([10, 0, 0, 1], "/products?q=lamp", 200, JSON, &products(1));
    let batch = again.engine.learned().batch(9, true).unwrap();
    let [(name, facts)] = batch.endpoints.as_slice() else { unreachable!("one endpoint: {batch:?}") };
    assert_eq!((name.template.as_str(), facts.requests, facts.since), ("/products", 1, again.now()));
    assert_eq!(facts.statuses, [(200, 1)]);
    assert_eq!(facts.parameters.iter().map(|one| (&*one.name, one.seen)).collect::<Vec<_>>(), [("q", 1)]);
    again.engine.learned().tell_all_again();
    assert_eq!(again.engine.learned().batch(9, true).unwrap().endpoints.len(), 3, "to whoever knows nothing");
}

#[test]
fn text_that_is_cut_changed_or_of_another_version_is_refused_whole() {
    let shop = Shop::after(3);
    let text = shop.kept();
    let lines: Vec<_> = text.lines().collect();
    let without = |at: usize| {
        let rest = lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, text)| *text);
        rest.collect::<Vec<_>>().join("\n")
    };
    let cut = text.get(..text.len() / 2).unwrap();
    let other = text.replacen("\"version\":1", "\"version\":99", 1);
    let changed = text.replacen("\"baseline\":{", "\"baseline\":[", 1);
    for (text, says) in [
        ("", "no text of what"),
        ("PNG", "no text of what"),
        (cut, "ends before its end"),
        (&other, "version 99"),
        (&changed, "line 3: "),
        (&without(3), "ends before its end"),
        (&without(lines.len() - 1), "ends before its end"),
    ] {
        let error = shop.restarted(text).map(|(_, restored)| restored).unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}
