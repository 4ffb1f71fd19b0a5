//! Requests are told as soon as their head is there, whatever follows it.

use std::sync::{Arc, Mutex};

use portcullis_exchange::Exchange;
use sensor_user::{
    http::{Head, HeadWatch},
    wire::{Wire, WireConfig},
};

use crate::{
    conversation::{Conversation, OK},
    http2::frames::{END_HEADERS, HEADERS, PREFACE, block, frame, settings},
};

/// The client that a header names, and whether the connection may be shared.
type Told = Arc<Mutex<Vec<(String, bool)>>>;

struct Notes(Told);

impl HeadWatch for Notes {
    fn head(&mut self, head: &Head<'_>) {
        assert_eq!((head.server.to_string().as_str(), head.vni), ("192.0.2.2:80", None));
        let value = head.headers.get("x-forwarded-for").unwrap_or_default();
        self.0.lock().unwrap().push((String::from_utf8_lossy(value).into_owned(), head.may_be_shared));
    }
}

fn told(conversation: &Conversation) -> (Vec<(String, bool)>, Vec<Exchange>) {
    let (told, mut wire, mut completed) = (Told::default(), Wire::new(WireConfig::default()), Vec::new());
    wire.watch_heads(Box::new(Notes(Arc::clone(&told))));
    conversation.sent.iter().for_each(|sent| sent.feed(&mut wire, &mut completed));
    let told = told.lock().unwrap().clone();
    (told, completed)
}

fn post(client: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {client}\r\nContent-Length: 5\r\n\r\n")
}

#[test]
fn a_head_is_told_before_its_body_and_the_connections_first_one_is_nobody_elses() {
    let (heads, completed) = told(&Conversation::opened().client(post("203.0.113.7")));
    assert_eq!(heads, [("203.0.113.7".to_owned(), false)]);
    assert!(completed.is_empty());
    let conversation =
        Conversation::opened().client(post("a")).client("12345").server(OK).client(post("203.0.113.7"));
    assert_eq!(told(&conversation).0, [("a".to_owned(), false), ("203.0.113.7".to_owned(), true)]);
}

#[test]
fn of_a_connection_older_than_the_capture_nothing_is_nobody_elses() {
    let (heads, _) = told(&Conversation::midstream().client(post("203.0.113.7")));
    assert_eq!(heads, [("203.0.113.7".to_owned(), true)]);
}

#[test]
fn streams_of_http2_are_told_each_and_always_may_be_shared() {
    let head = |stream, client: &str| {
        let fields = [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", "/a"),
            (":authority", "x"),
            ("x-forwarded-for", client),
        ];
        frame(HEADERS, END_HEADERS, stream, &block(&fields))
    };
    let opening = [PREFACE, &settings(), &head(1, "a")].concat();
    let (heads, completed) = told(&Conversation::opened().client(opening).client(head(3, "203.0.113.7")));
    assert_eq!(heads, [("a".to_owned(), true), ("203.0.113.7".to_owned(), true)]);
    assert!(completed.is_empty());
}
