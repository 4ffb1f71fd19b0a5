use portcullis_exchange::Fact;

use super::frames::*;
use crate::conversation::Conversation;

const REQUEST: &str = "GET /first HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                       Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

#[test]
fn the_request_that_asked_for_the_upgrade_is_answered_on_the_first_stream() {
    let conversation = Conversation::opened()
        .client(REQUEST)
        .server([SWITCH.as_bytes(), &settings(), &ok(1, "first")].concat())
        .client([hello(), get(3, "/second")].concat())
        .server(ok(3, "second"))
        .closed();
    assert_eq!(
        conversation.summary(),
        ["GET /first \"\" > 200 \"first\"", "GET /second \"\" > 200 \"second\""]
    );
    let exchanges = conversation.exchanges();
    assert_eq!((exchanges[0].stream, exchanges[1].stream), (Some(1), Some(3)));
    assert_eq!(conversation.counters().value("http_http2_upgraded_flows_total"), 1);
}

#[test]
fn a_refused_upgrade_goes_on_in_http_1() {
    let conversation = Conversation::opened()
        .client(REQUEST)
        .server(crate::conversation::OK)
        .client(crate::conversation::GET)
        .server(crate::conversation::OK)
        .closed();
    assert_eq!(conversation.summary(), ["GET /first \"\" > 200 \"ok\"", "GET /a \"\" > 200 \"ok\""]);
}

/// The first answer after an upgrade whose server resizes its header table to 8192.
fn resized(settings_of_client: &str) -> Vec<Fact> {
    let request = REQUEST.replace("AAMAAABkAAQAAP__", settings_of_client);
    // RFC 7541 section 6.3: 31 in five bits, and 8161 after it.
    let block = [&[0x3f, 0xe1, 0x3f][..], &block(&[(":status", "200")])].concat();
    let answer = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block);
    let conversation = Conversation::opened()
        .client(request)
        .server([SWITCH.as_bytes(), &settings(), &answer].concat())
        .client(hello())
        .closed();
    assert_eq!(conversation.exchanges().len(), 1);
    conversation.exchanges()[0].facts.iter().collect()
}

#[test]
fn the_header_table_is_as_large_as_the_upgrade_allows() {
    let (as_usual, larger) = ("AAMAAABkAAQAAP__", "AAEAACAA");
    assert_eq!(resized(larger), []);
    assert!(resized(as_usual).contains(&Fact::MalformedHeaderBlock));
    assert_eq!(resized("no settings"), [], "what the server made of them is not known");
}
