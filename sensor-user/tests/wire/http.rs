use portcullis_exchange::{BodyFault, Fact};

use crate::conversation::{Conversation, GET, OK};

#[test]
fn pipelined_requests_pair_in_order_also_with_head() {
    let conversation = Conversation::opened()
        .client(format!("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n{GET}"))
        .server(format!("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{OK}"))
        .closed();
    assert_eq!(conversation.summary(), ["HEAD /h \"\" > 200 \"\"", "GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn interim_responses_are_no_answer() {
    let conversation = Conversation::opened()
        .client("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
        .server("HTTP/1.1 100 Continue\r\n\r\n")
        .client("abc")
        .server(format!("HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n{OK}"))
        .closed();
    assert_eq!(conversation.summary(), ["POST /p \"abc\" > 200 \"ok\""]);
}

#[test]
fn a_body_that_was_refused_before_it_was_sent_does_not_swallow_the_next_request() {
    let conversation = Conversation::opened()
        .client("POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n")
        .server("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n")
        .client(GET)
        .server(OK)
        .closed();
    assert_eq!(conversation.summary(), ["POST /p \"\" > 417 \"\"", "GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let conversation =
        Conversation::opened().client(GET).server("HTTP/1.0 200 OK\r\n\r\none ").server("two").closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"one two\""]);
}

#[test]
fn a_response_without_body_by_its_status_has_none_whatever_its_length_says() {
    let conversation = Conversation::opened()
        .client(GET)
        .server("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n")
        .client(GET)
        .server(OK)
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 304 \"\"", "GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn an_upgrade_ends_the_exchange_and_what_follows_is_not_read() {
    let conversation = Conversation::opened()
        .client("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n")
        .server("HTTP/1.1 101 Switching Protocols\r\n\r\n\x01\x02")
        .client(GET)
        .closed();
    assert_eq!(conversation.summary(), ["GET /ws \"\" > 101 \"\""]);
}

#[test]
fn http_inside_a_connect_tunnel_is_read() {
    let conversation = Conversation::opened()
        .client("CONNECT inner:80 HTTP/1.1\r\nHost: inner:80\r\n\r\n")
        .server("HTTP/1.1 200 Connection established\r\n\r\n")
        .client(GET)
        .server(OK)
        .closed();
    assert_eq!(conversation.summary(), ["CONNECT inner:80 \"\" > 200 \"\"", "GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn lost_bytes_inside_a_body_of_known_length_keep_the_pairing() {
    let conversation = Conversation::opened()
        .client(GET)
        .server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
        .server_lost(6)
        .server("yz")
        .client(GET)
        .server(OK)
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"ab\" gap", "GET /a \"\" > 200 \"ok\""]);
    assert_eq!(conversation.exchanges()[0].response.as_ref().unwrap().body.decoded_len, 10);
}

#[test]
fn a_lost_response_is_not_paired_with_the_next_request() {
    let next = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    let conversation = Conversation::opened()
        .client(GET)
        .server_lost(40)
        .client("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        .server(next)
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > - gap", "GET /b \"\" > 404 \"\""]);
}

#[test]
fn the_answer_to_a_lost_request_is_not_paired_with_the_next_one() {
    let conversation = Conversation::opened()
        .client(GET)
        .server(OK)
        .client_lost(40)
        .server("HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n")
        .client("GET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        .server(OK)
        .closed();
    assert_eq!(
        conversation.summary(),
        ["GET /a \"\" > 200 \"ok\"", "- > 500 \"\" no-request", "GET /b \"\" > 200 \"ok\""]
    );
}

#[test]
fn a_message_that_the_connection_cuts_off_says_so() {
    let conversation = Conversation::opened()
        .client(GET)
        .server("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"abc\" cut-off"]);
}

#[test]
fn a_status_line_without_a_status_is_no_response() {
    let conversation =
        Conversation::opened().client(GET).server("HTTP/1.1 ok\r\nA: b\r\n\r\n").server(OK).closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn other_protocols_give_nothing() {
    for (client, server) in [
        ("\x16\x03\x01\x02\x00\x01", "\x16\x03\x03"),
        ("EHLO me\r\n", "250 hello\r\n"),
        ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n"),
        ("INVITE sip:a@b SIP/2.0\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n"),
        ("OPTIONS rtsp://a/b RTSP/1.0\r\n\r\n", "RTSP/1.0 200 OK\r\n\r\n"),
    ] {
        let conversation = Conversation::opened().client(client).server(server).closed();
        assert_eq!(conversation.summary(), Vec::<String>::new(), "{client:?}");
    }
}

#[test]
fn what_a_smuggler_would_use_is_a_fact() {
    let conversation = Conversation::opened()
        .client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding : chunked\r\n\r\n0;x\r\n\r\n")
        .server(OK)
        .closed();
    let exchange = &conversation.exchanges()[0];
    let facts: Vec<_> = exchange.facts.iter().collect();
    assert_eq!(
        facts,
        [Fact::ContentLengthWithTransferEncoding, Fact::SpaceBeforeColon, Fact::ChunkExtension]
    );
}

#[test]
fn a_false_content_encoding_hides_no_request_body() {
    let body = "id=1 OR 1=1";
    let head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 11\r\n\r\n";
    let conversation = Conversation::opened().client(format!("{head}{body}")).server(OK).closed();
    let body = conversation.exchanges()[0].request.as_ref().unwrap().body.clone();
    assert_eq!((body.bytes.as_slice(), body.fault), (&b"id=1 OR 1=1"[..], Some(BodyFault::UnknownCoding)));
}

#[test]
fn after_a_gap_a_line_that_the_next_segment_ends_is_passed_over_once() {
    let conversation = Conversation::opened()
        .client(GET)
        .server(OK)
        .client_lost(10)
        .client("A B")
        .client(format!("\n{GET}"))
        .server(OK)
        .closed();
    assert_eq!(conversation.summary().last().unwrap(), "GET /a \"\" > 200 \"ok\"");
}
