//! What comes first on a connection and is no HTTP, or begins as none does: however it is cut.

use crate::conversation::{Conversation, GET, OK, summary};

const WHOLE: &str = "GET /a \"\" > 200 \"ok\"";
const CONNECT: &str = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
const CONNECTED: &str = "HTTP/1.1 200 OK\r\n\r\n";

/// What comes of turns, the client's first, cut into segments of any one length.
fn summaries(turns: &[&[u8]]) -> Vec<String> {
    let cut_by = |len: usize| {
        let mut conversation = Conversation::opened();
        for (at, turn) in turns.iter().enumerate() {
            for piece in turn.chunks(len) {
                conversation =
                    if at % 2 == 0 { conversation.client(piece) } else { conversation.server(piece) };
            }
        }
        conversation.closed().exchanges().iter().map(summary).collect::<Vec<_>>()
    };
    let whole = cut_by(usize::MAX);
    for len in 1..80 {
        assert_eq!(cut_by(len), whole, "cut by {len}");
    }
    whole
}

#[test]
fn what_socks_carries_is_read() {
    let (get, ok) = (GET.as_bytes(), OK.as_bytes());
    let reply = [5, 0, 0, 1, 10, 0, 0, 2, 0, 80];
    let version_4 =
        [b"\x04\x01\x00\x50\x00\x00\x00\x01me\0a.test\0", b"\0\x5a\0\0\0\0\0\0".as_slice(), get, ok];
    let version_5 =
        [b"\x05\x01\x00", b"\x05\x00".as_slice(), b"\x05\x01\x00\x03\x01a\x00\x50", &reply, get, ok];
    let password = [b"\x05\x02\x00\x02", b"\x05\x02".as_slice(), b"\x01\x02me\x02pw", b"\x01\x00"];
    let with_password = [&password, &version_5[2..]].concat();
    for turns in [&version_4[..], &version_5, &with_password] {
        assert_eq!(summaries(turns), [WHOLE], "{turns:?}");
    }
}

#[test]
fn a_host_that_calls_home_and_is_asked_by_socks_is_read() {
    // It says who it is; then the side that was called asks, without waiting for its greeting's answer.
    let turns = [
        b"NZ\x8d\x08\x87\x4e".as_slice(),
        b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50",
        b"\x05\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x50",
        GET.as_bytes(),
        OK.as_bytes(),
    ];
    assert_eq!(summaries(&turns), [WHOLE]);
}

#[test]
fn what_a_tunnel_carries_is_no_request_in_the_middle_of_a_turn() {
    let (secret, more) = ([b"\x16\x03\x01", GET.as_bytes()].concat(), b"\x16\x03\x03 and more".as_slice());
    let turns = [CONNECT.as_bytes(), CONNECTED.as_bytes(), &secret, more, &secret, more];
    assert_eq!(summaries(&turns), ["CONNECT a:443 \"\" > 200 \"\""]);
}

#[test]
fn a_turn_of_a_tunnel_may_begin_http() {
    let greeting = b"\x05\x01\x00".as_slice();
    let turns =
        [CONNECT.as_bytes(), CONNECTED.as_bytes(), greeting, b"\x05\x00", GET.as_bytes(), OK.as_bytes()];
    assert_eq!(summaries(&turns), ["CONNECT a:443 \"\" > 200 \"\"", WHOLE]);
}

#[test]
fn a_tunnel_in_which_turn_after_turn_is_no_http_is_given_up() {
    let noise = [b"\x16 one".as_slice(), b"\x17 two"].repeat(7);
    let turns = [[CONNECT.as_bytes(), CONNECTED.as_bytes()].as_slice(), &noise, &[GET.as_bytes()]].concat();
    assert_eq!(summaries(&turns), ["CONNECT a:443 \"\" > 200 \"\""]);
}

#[test]
fn a_bare_answer_may_begin_with_white_space_of_any_kind() {
    for answer in ["  \r\n\r\n<html>", " \n \n\n", "\t HTTPS?", &" ".repeat(3000), &"\n ".repeat(600)] {
        let [summary] = &summaries(&[b"GET /a\r\n", answer.as_bytes()])[..] else { panic!("{answer:?}") };
        let body = answer.trim_start_matches(['\r', '\n']);
        assert_eq!(*summary, format!("GET /a \"\" > 0 {body:?}"));
    }
}

#[test]
fn white_space_with_an_empty_line_may_precede_an_answer() {
    let answer = [b" \r\n\r\n \t".as_slice(), OK.as_bytes()].concat();
    assert_eq!(summaries(&[GET.as_bytes(), &answer]), [WHOLE]);
}

#[test]
fn an_empty_line_after_an_answer_does_not_date_the_next_one_back() {
    let bare = b"HTTP/1.1 200 OK\r\n\r\n\n".as_slice();
    let turns = [b"?\n".as_slice(), bare, GET.as_bytes(), OK.as_bytes()];
    assert_eq!(summaries(&turns).last().map(String::as_str), Some(WHOLE));
}
