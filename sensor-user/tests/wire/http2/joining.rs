use portcullis_exchange::Fact;

use super::frames::*;
use crate::conversation::Conversation;

/// As a client sends its second request: `:authority` and a field are in the table that it filled with the first.
fn second_request(stream: u32) -> Vec<u8> {
    let block = [&block(&[(":method", "GET"), (":scheme", "http"), (":path", "/again")])[..], &[0xbf, 0xbe]];
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &block.concat())
}

#[test]
fn a_connection_joined_in_its_middle_is_read_and_what_is_unknown_is_marked() {
    let conversation = Conversation::midstream()
        .client(b"rest of some data that is no frame")
        .client(frame(PING, 0, 0, &[1; 8]))
        .client(second_request(7))
        .server(ok(7, "x"))
        .client(get(9, "/b"))
        .server(ok(9, "y"))
        .closed();
    assert_eq!(conversation.summary(), ["GET /again \"\" > 200 \"x\"", "GET /b \"\" > 200 \"y\""]);
    let exchanges = conversation.exchanges();
    let request = exchanges[0].request.as_ref().unwrap();
    assert!(exchanges[0].facts.contains(Fact::UnknownTableEntry));
    assert_eq!(request.host(), None);
    assert_eq!(request.headers.all("(unknown)").count(), 2);
    assert!(exchanges[1].facts.is_empty());
    assert_eq!(conversation.counters().value("http_http2_joined_flows_total"), 1);
}

#[test]
fn frames_before_the_one_that_shows_who_speaks_are_kept() {
    let (first, rest) = (request_block("GET", "/a"), END_STREAM);
    let (head, tail) = first.split_at(20);
    let conversation = Conversation::midstream()
        .client(frame(HEADERS, rest, 7, head))
        .client(frame(CONTINUATION, END_HEADERS, 7, tail))
        .client(get(9, "/b"))
        .server(frame(HEADERS, END_HEADERS | END_STREAM, 7, &[0xc0]))
        .server(ok(9, "y"))
        .closed();
    let expected = ["GET /a \"\" > 0 \"\"", "GET /b \"\" > 200 \"y\""];
    assert_eq!(conversation.summary(), expected);
}

#[test]
fn a_connection_joined_by_one_direction_alone_gives_its_halves() {
    let client = Conversation::midstream().client(get(7, "/a")).client(get(9, "/b"));
    assert_eq!(client.summary(), ["GET /a \"\" > - no-response", "GET /b \"\" > - no-response"]);
    let server = Conversation::midstream().server(ok(7, "a")).server(ok(9, "b"));
    assert_eq!(server.summary(), ["- > 200 \"a\" no-request", "- > 200 \"b\" no-request"]);
}

#[test]
fn lost_data_keeps_the_stream_and_its_neighbours() {
    let whole = data(1, END_STREAM, "0123456789");
    let conversation = Conversation::opened()
        .client(hello())
        .client(get(1, "/a"))
        .server(headers(1, 0, &[(":status", "200")]))
        .server(&whole[..12])
        .server_lost(5)
        .server(&whole[17..])
        .client(get(3, "/b"))
        .server(ok(3, "b"))
        .closed();
    assert_eq!(conversation.summary(), ["GET /a \"\" > 200 \"012\" gap", "GET /b \"\" > 200 \"b\""]);
    let body = conversation.exchanges()[0].response.clone().unwrap().body;
    assert_eq!(body.decoded_len, 10);
}

#[test]
fn lost_frames_leave_halves_and_never_a_wrong_pair() {
    let conversation = Conversation::opened()
        .client(hello())
        .client([get(1, "/a"), get(3, "/b")].concat())
        .server_lost(50)
        .server(b"the rest of a frame nobody knows")
        .server(ok(3, "b"))
        .client_lost(40)
        .server(ok(5, "c"))
        .client(get(7, "/d"))
        .server(ok(7, "d"))
        .closed();
    assert_eq!(
        conversation.summary(),
        [
            "GET /b \"\" > 200 \"b\"",
            "- > 200 \"c\" no-request",
            "GET /d \"\" > 200 \"d\"",
            "GET /a \"\" > - no-response"
        ]
    );
}

#[test]
fn after_lost_header_blocks_old_table_entries_are_unknown_and_never_others() {
    let fill =
        [&block(&[(":method", "GET"), (":scheme", "http"), (":path", "/")])[..], &indexed("x-old", "1")];
    let refer = [&block(&[(":method", "GET"), (":scheme", "http"), (":path", "/")])[..], &[0xbe]].concat();
    let flags = END_HEADERS | END_STREAM;
    let conversation = Conversation::opened()
        .client(hello())
        .client(frame(HEADERS, flags, 1, &fill.concat()))
        .client_lost(60)
        .client(frame(HEADERS, flags, 5, &refer))
        .server([ok(1, ""), ok(5, "")].concat())
        .closed();
    let exchanges = conversation.exchanges();
    assert_eq!(exchanges[0].request.as_ref().unwrap().headers.text("x-old"), Some("1"));
    let after = exchanges[1].request.as_ref().unwrap();
    assert_eq!((after.headers.text("x-old"), after.headers.all("(unknown)").count()), (None, 1));
    assert!(exchanges[1].facts.contains(Fact::UnknownTableEntry));
}

#[test]
fn a_header_block_that_lost_its_end_gives_what_came_before() {
    let whole = get(1, "/a");
    let conversation = Conversation::opened()
        .client(hello())
        .client(&whole[..40])
        .client_lost(u32::try_from(whole.len()).unwrap() - 40)
        .client(get(3, "/b"))
        .server([ok(1, "a"), ok(3, "b")].concat())
        .closed();
    assert_eq!(conversation.summary(), ["GET  \"\" > 200 \"a\" gap", "GET /b \"\" > 200 \"b\""]);
}
