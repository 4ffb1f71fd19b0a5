use portcullis_exchange::{Fact, Incomplete, Protocol};

use super::frames::*;
use crate::conversation::Conversation;

fn conversation() -> Conversation {
    Conversation::opened().client(hello()).server(settings())
}

#[test]
fn interleaved_streams_pair_by_their_number() {
    let post = frame(HEADERS, END_HEADERS, 1, &request_block("POST", "/a"));
    let conversation = conversation()
        .client([post, get(3, "/b"), data(1, 0, "one ")].concat())
        .server(ok(3, "b"))
        .client(data(1, END_STREAM, "two"))
        .server(ok(1, "a"))
        .closed();
    assert_eq!(conversation.summary(), ["GET /b \"\" > 200 \"b\"", "POST /a \"one two\" > 200 \"a\""]);
    let exchange = &conversation.exchanges()[1];
    assert_eq!((exchange.stream, exchange.protocol), (Some(1), Protocol::Http2));
    assert_eq!(exchange.request.as_ref().unwrap().host().as_deref(), Some("api.test"));
    assert!(exchange.facts.is_empty());
}

#[test]
fn a_server_may_speak_before_the_client() {
    let conversation = Conversation::opened()
        .server(settings())
        .client(hello())
        .client(get(1, "/"))
        .server(ok(1, "x"))
        .closed();
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"x\""]);
}

#[test]
fn continuation_padding_and_priority_are_taken_off() {
    let whole = request_block("POST", "/p");
    let (first, second) = whole.split_at(7);
    let head = [&[2][..], &[0, 0, 0, 0, 9], first, &[0; 2]].concat();
    let bytes = [
        frame(HEADERS, PADDED | PRIORITY, 1, &head),
        frame(CONTINUATION, 0, 1, &second[..3]),
        frame(CONTINUATION, END_HEADERS, 1, &second[3..]),
        frame(PING, 0, 0, &[0; 8]),
        frame(0xbe, 0xff, 7, b"extension"),
        frame(DATA, PADDED | END_STREAM, 1, b"\x03abc\0\0\0"),
    ];
    let conversation = conversation().client(bytes.concat()).server(ok(1, "x")).closed();
    assert_eq!(conversation.summary(), ["POST /p \"abc\" > 200 \"x\""]);
}

#[test]
fn interim_responses_are_no_answer_and_trailers_are_kept() {
    let conversation = conversation()
        .client(get(1, "/"))
        .server(headers(1, 0, &[(":status", "103"), ("link", "</s>")]))
        .server([headers(1, 0, &[(":status", "200")]), data(1, 0, "x")].concat())
        .server(headers(1, END_STREAM, &[("x-sum", "1")]))
        .closed();
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"x\""]);
    let response = conversation.exchanges()[0].response.clone().unwrap();
    assert_eq!(response.trailers.text("x-sum"), Some("1"));
}

#[test]
fn a_reset_ends_the_exchange_and_what_was_on_its_way_makes_no_other() {
    let cancel = frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    let conversation = conversation()
        .client([get(1, "/a"), cancel].concat())
        .client(get(3, "/b"))
        .server([ok(1, "late"), ok(3, "b")].concat())
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > - reset", "GET /b \"\" > 200 \"b\""]);
}

#[test]
fn an_answer_before_the_request_is_over_is_whole_where_the_server_needs_no_more() {
    let conversation = conversation()
        .client(frame(HEADERS, END_HEADERS, 1, &request_block("POST", "/a")))
        .server([ok(1, "no"), frame(RST_STREAM, 0, 1, &[0; 4])].concat())
        .closed();
    assert_eq!(conversation.summary(), ["POST /a \"\" > 200 \"no\""]);
}

#[test]
fn what_is_pushed_is_no_exchange_and_its_header_block_counts_for_the_table() {
    let promise = [&[0, 0, 0, 2][..], &indexed("x-pushed", "yes")].concat();
    let answer = [&block(&[(":status", "200")])[..], &[0xbe]].concat();
    let conversation = conversation()
        .client(get(1, "/"))
        .server([frame(PUSH_PROMISE, END_HEADERS, 1, &promise), ok(2, "pushed")].concat())
        .server(frame(HEADERS, END_HEADERS | END_STREAM, 1, &answer))
        .closed();
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"\""]);
    let response = conversation.exchanges()[0].response.clone().unwrap();
    assert_eq!(response.headers.text("x-pushed"), Some("yes"));
}

#[test]
fn a_connection_that_ends_leaves_halves() {
    let conversation = conversation()
        .client([get(1, "/a"), get(3, "/b")].concat())
        .server([headers(1, 0, &[(":status", "200")]), data(1, 0, "half")].concat())
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"half\" cut-off", "GET /b \"\" > - no-response"]);
}

#[test]
fn one_direction_alone_gives_its_halves() {
    let client = Conversation::opened().client(hello()).client(get(1, "/a"));
    let mut sent = client.sent;
    sent.retain(|segment| segment.is_client);
    let summaries: Vec<_> =
        crate::conversation::replay(&sent).iter().map(crate::conversation::summary).collect();
    assert_eq!(summaries, ["GET /a \"\" > - no-response"]);
    let server = Conversation::opened().server(settings()).server(ok(1, "a"));
    let mut sent = server.sent;
    sent.retain(|segment| !segment.is_client);
    let exchanges = crate::conversation::replay(&sent);
    assert_eq!(exchanges.len(), 1);
    assert_eq!((exchanges[0].stream, exchanges[0].incomplete), (Some(1), Some(Incomplete::NoRequest)));
}

#[test]
fn a_coded_body_is_decoded() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, b"plain text").unwrap();
    let fields = [(":status", "200"), ("content-encoding", "gzip")];
    let conversation = conversation()
        .client(get(1, "/"))
        .server([headers(1, 0, &fields), data(1, END_STREAM, gzip.finish().unwrap())].concat())
        .closed();
    assert_eq!(conversation.summary(), ["GET / \"\" > 200 \"plain text\""]);
}

#[test]
fn connect_opens_a_tunnel_and_websocket_over_it_is_counted() {
    let connect = [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/chat"),
        (":authority", "api.test"),
    ];
    let conversation = conversation()
        .client(headers(1, 0, &connect))
        .server(headers(1, 0, &[(":status", "200")]))
        .client(data(1, 0, [0x81, 0x81, 1, 2, 3, 4, b'x']))
        .server(data(1, END_STREAM, [0x81, 2, b'o', b'k']))
        .closed();
    assert_eq!(conversation.summary(), ["CONNECT /chat \"\" > 200 \"\""]);
    let counters = conversation.counters();
    assert_eq!(counters.value("http_websocket_frames_from_client_total"), 1);
    assert_eq!(counters.value("http_websocket_bytes_from_server_total"), 2);
}

#[test]
fn what_a_smuggler_would_use_is_a_fact() {
    let usual = [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "api.test")];
    for (field, fact) in [
        (("transfer-encoding", "chunked"), Fact::ConnectionSpecificField),
        (("te", "gzip"), Fact::ConnectionSpecificField),
        (("X-Upper", "1"), Fact::UpperCaseFieldName),
        (("x", "a\r\nhost: evil"), Fact::InvalidFieldCharacter),
        (("x: y", "a"), Fact::InvalidFieldCharacter),
        (("host", "evil.test"), Fact::AuthorityDiffersFromHost),
        (("content-length", "5"), Fact::ContentLengthDiffersFromData),
        (("content-length", "+3"), Fact::InvalidContentLength),
        ((":path", "/again"), Fact::MalformedPseudoField),
        ((":unknown", "x"), Fact::MalformedPseudoField),
    ] {
        let fields = [&usual[..], &[field]].concat();
        let conversation = conversation()
            .client([headers(1, 0, &fields), data(1, END_STREAM, "abc")].concat())
            .server(ok(1, ""))
            .closed();
        let exchange = &conversation.exchanges()[0];
        assert_eq!(exchange.facts.iter().collect::<Vec<_>>(), [fact], "{field:?}");
        assert_eq!(exchange.request.as_ref().unwrap().host().as_deref(), Some("api.test"));
    }
}
