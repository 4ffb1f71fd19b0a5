use crate::conversation::{Conversation, OK};

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

#[test]
fn the_handshake_is_an_exchange_and_frames_after_it_are_counted_by_direction() {
    let text = [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2];
    let fragments = [&[0x02, 3][..], b"abc", &[0x89, 0], &[0x80, 1], b"d"].concat();
    let conversation = Conversation::opened()
        .client(REQUEST)
        .server([SWITCH.as_bytes(), &[0x81, 5], b"hel"].concat())
        .server(b"lo")
        .client(&text[..3])
        .client(&text[3..])
        .server(fragments)
        .client([0x88, 0x80, 1, 2, 3, 4])
        .closed();
    assert_eq!(conversation.summary(), ["GET /ws \"\" > 101 \"\""]);
    let counters = conversation.counters();
    for (name, expected) in [
        ("http_websocket_opened_total", 1),
        ("http_websocket_frames_from_client_total", 2),
        ("http_websocket_frames_from_server_total", 4),
        ("http_websocket_bytes_from_client_total", 2),
        ("http_websocket_bytes_from_server_total", 9),
        ("http_websocket_control_frames_from_client_total", 1),
        ("http_websocket_control_frames_from_server_total", 1),
        ("http_websocket_fragments_from_server_total", 1),
        ("http_websocket_invalid_frames_from_client_total", 0),
    ] {
        assert_eq!(counters.value(name), expected, "{name}");
    }
}

#[test]
fn lost_frames_are_passed_over_and_told() {
    let conversation = Conversation::opened()
        .client(REQUEST)
        .server(SWITCH)
        .server_lost(30)
        .server(b"the rest of something")
        .server([0x81, 2, b'o', b'k'])
        .closed();
    let counters = conversation.counters();
    assert_eq!(counters.value("http_websocket_frames_from_server_total"), 1);
    assert_eq!(counters.value("http_websocket_unread_bytes_from_server_total"), 30 + 21);
}

#[test]
fn a_refused_handshake_stays_http() {
    let conversation =
        Conversation::opened().client(REQUEST).server(OK).client(REQUEST).server(SWITCH).closed();
    assert_eq!(conversation.summary(), ["GET /ws \"\" > 200 \"ok\"", "GET /ws \"\" > 101 \"\""]);
}
