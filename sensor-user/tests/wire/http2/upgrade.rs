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
