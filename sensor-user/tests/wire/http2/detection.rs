use std::{collections::BTreeSet, sync::Arc};

use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::{Exchange, TaggedExchange};

use super::frames::*;
use crate::conversation::Conversation;

fn found(exchange: Exchange) -> BTreeSet<String> {
    let tagged = Arc::new(TaggedExchange::untagged(exchange));
    let engine = Engine::new(PolicySet::builtin());
    let detections = engine.judge(&tagged);
    detections.iter().flat_map(|detection| &detection.matched).map(|found| found.location.clone()).collect()
}

#[test]
fn an_attack_is_found_in_http_2_wherever_it_is_found_in_http_1() {
    let attack = "1' UNION SELECT password FROM users--";
    let query = format!("/users?id={}", attack.replace(' ', "%20"));
    let body = format!("{{\"name\":\"{attack}\"}}");
    let length = body.len().to_string();
    let old = format!(
        "POST {query} HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nX-Id: {attack}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    let old = Conversation::opened().client(old).server(crate::conversation::OK).closed();
    let fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", query.as_str()),
        (":authority", "api.test"),
        ("content-type", "application/json"),
        ("x-id", attack),
        ("content-length", length.as_str()),
    ];
    let new = Conversation::opened()
        .client([hello(), headers(1, 0, &fields), data(1, END_STREAM, &body)].concat())
        .server([settings(), ok(1, "ok")].concat())
        .closed();
    let expected = found(old.exchanges().remove(0));
    assert!(expected.contains("query.id") && expected.contains("request.body.name"), "{expected:?}");
    assert_eq!(found(new.exchanges().remove(0)), expected);
}

#[test]
fn an_attack_in_trailers_is_found_too() {
    let post = frame(HEADERS, END_HEADERS, 1, &request_block("POST", "/"));
    let conversation = Conversation::opened()
        .client(
            [hello(), post, headers(1, END_STREAM, &[("x-id", "1' UNION SELECT password FROM users--")])]
                .concat(),
        )
        .server(ok(1, ""))
        .closed();
    let locations = found(conversation.exchanges().remove(0));
    assert!(locations.contains("request.header.x-id"), "{locations:?}");
}
