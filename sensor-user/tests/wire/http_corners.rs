//! Corners of HTTP/1, each also in segments of one byte.

use portcullis_exchange::{Exchange, Fact, Incomplete, Protocol, Timestamp};

use crate::conversation::{Conversation, summary};

const GET: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// The exchanges of turns, client first, which must not depend on how the turns are cut.
fn exchanges(turns: &[&str]) -> Vec<Exchange> {
    let talk = |step: usize| {
        let mut conversation = Conversation::opened();
        for (at, turn) in turns.iter().enumerate() {
            for piece in turn.as_bytes().chunks(step.min(turn.len().max(1))) {
                conversation =
                    if at % 2 == 0 { conversation.client(piece) } else { conversation.server(piece) };
            }
        }
        let now = Timestamp::default();
        let exchanges = conversation.closed().exchanges().into_iter();
        exchanges
            .map(|exchange| Exchange { started_at: now, completed_at: now, ..exchange })
            .collect::<Vec<_>>()
    };
    let whole = talk(usize::MAX);
    for step in [1, 2, 7] {
        assert_eq!(talk(step), whole, "in segments of {step}: {turns:?}");
    }
    whole
}

fn summaries(turns: &[&str]) -> Vec<String> {
    exchanges(turns).iter().map(summary).collect()
}

fn facts(turns: &[&str]) -> Vec<Fact> {
    exchanges(turns)[0].facts.iter().collect()
}

#[test]
fn several_interim_responses_come_before_the_answer() {
    let server = format!("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n{OK}");
    assert_eq!(summaries(&[GET, &server]), ["GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn bytes_where_204_and_304_have_no_body_are_shown_and_told() {
    for status in ["204 No Content", "304 Not Modified"] {
        let server = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\nbad{OK}");
        let found = exchanges(&[&GET.repeat(2), &server]);
        assert!(found[0].facts.contains(Fact::UnexpectedBody));
        assert_eq!(found[0].response.as_ref().unwrap().body.bytes, b"bad");
        assert_eq!(summary(&found[1]), "GET /a \"\" > 200 \"ok\"");
        let server = format!("HTTP/1.1 {status}\r\nContent-Length: 3\r\n\r\n{OK}");
        let found = exchanges(&[&GET.repeat(2), &server]);
        assert!(found.iter().all(|exchange| exchange.incomplete.is_none() && exchange.facts.is_empty()));
        assert_eq!(found[0].response.as_ref().unwrap().body.bytes, b"");
    }
}

#[test]
fn trailers_are_kept_in_both_directions() {
    let body = "3;x=y\r\nabc\r\n0\r\nSum: 1\r\nSum: 2\r\n\r\n";
    let client = format!("POST /t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let server = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    let found = &exchanges(&[&client, &server])[0];
    let (request, response) = (found.request.as_ref().unwrap(), found.response.as_ref().unwrap());
    for (body, trailers) in [(&request.body, &request.trailers), (&response.body, &response.trailers)] {
        assert_eq!(body.bytes, b"abc");
        assert_eq!(trailers.all("sum").collect::<Vec<_>>(), [b"1", b"2"]);
    }
}

#[test]
fn a_refused_connect_has_a_body_and_the_connection_goes_on() {
    let connect = "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n";
    let refused = "HTTP/1.1 407 Who\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(
        summaries(&[connect, refused, GET, OK]),
        ["CONNECT a:443 \"\" > 407 \"no\"", "GET /a \"\" > 200 \"ok\""]
    );
}

#[test]
fn requests_that_do_not_wait_for_the_tunnel_are_those_of_the_tunnel() {
    let client = format!("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n{GET}");
    let server = format!("HTTP/1.1 200 Go\r\n\r\n{OK}");
    assert_eq!(summaries(&[&client, &server]), ["CONNECT a:80 \"\" > 200 \"\"", "GET /a \"\" > 200 \"ok\""]);
}

#[test]
fn a_simple_request_is_http_0_9_and_its_answer_has_no_status() {
    let found = exchanges(&["GET /old\r\n", "<html>plain</html>"]);
    assert_eq!(found[0].protocol, Protocol::Http09);
    assert_eq!(summary(&found[0]), "GET /old \"\" > 0 \"<html>plain</html>\"");
    assert!(found[0].facts.contains(Fact::UnusualVersion));
}

#[test]
fn targets_methods_and_duplicate_fields_are_kept_as_they_come() {
    let client = "BREW * HTTP/1.1\r\nHost: x\r\nA: 1\r\nB: 2\r\na: 3\r\n\r\n\
                  GET http://y:80/p?q HTTP/1.1\r\nHost: x\r\n\r\n";
    let found = exchanges(&[client, &OK.repeat(2)]);
    assert_eq!(summary(&found[0]), "BREW * \"\" > 200 \"ok\"");
    let headers = &found[0].request.as_ref().unwrap().headers;
    assert_eq!(headers.all("a").collect::<Vec<_>>(), [b"1", b"3"]);
    assert_eq!(summary(&found[1]), "GET http://y:80/p?q \"\" > 200 \"ok\"");
    assert_eq!(found[1].facts.iter().collect::<Vec<_>>(), [Fact::AuthorityDiffersFromHost]);
}

#[test]
fn an_answer_may_come_before_the_request_is_whole() {
    let head = "POST /big HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc";
    let refused = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        summaries(&[head, refused, &format!("def{GET}"), OK]),
        ["POST /big \"abcdef\" > 413 \"\"", "GET /a \"\" > 200 \"ok\""]
    );
}

#[test]
fn a_server_that_answers_noise_is_read_and_so_is_what_comes_after_a_line_of_it() {
    let refused = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        summaries(&["\x16\x03\x01 noise\n", refused, GET, OK]),
        ["- > 400 \"\" no-request", "GET /a \"\" > 200 \"ok\""]
    );
    assert_eq!(summaries(&[&format!("{GET}noise\r\n{GET}"), &OK.repeat(2)]), ["GET /a \"\" > 200 \"ok\""; 2]);
}

#[test]
fn a_head_without_end_is_told_with_what_fits() {
    let client = format!("GET /long HTTP/1.1\r\nHost: x\r\n{}", "A: b\r\n".repeat(50_000));
    let conversation = client
        .as_bytes()
        .chunks(1400)
        .fold(Conversation::opened(), |conversation, piece| conversation.client(piece))
        .closed();
    let found = &conversation.exchanges()[0];
    assert!(found.facts.contains(Fact::OversizedHead));
    assert_eq!(found.incomplete, Some(Incomplete::CutOff));
    assert!(found.request.as_ref().unwrap().headers.len() > 40_000);
}

#[test]
fn what_peers_may_read_in_two_ways_is_a_fact() {
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (request, fact) in [
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned(),
            Fact::ConflictingContentLength,
        ),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab".to_owned(), Fact::InvalidContentLength),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n".to_owned(),
            Fact::ObfuscatedTransferEncoding,
        ),
        ("GET / HTTP/1.1\nHost: x\n\n".to_owned(), Fact::BareLineFeed),
        ("GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n".to_owned(), Fact::BareCarriageReturn),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n".to_owned(), Fact::NulByte),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".to_owned(), Fact::AmbiguousHost),
        ("GET / HTTP/1.1\r\n Host: x\r\n\r\n".to_owned(), Fact::SpaceBeforeFirstField),
        ("GET / HTTP/1.1\r\nHost: x\r\nB@d: 1\r\n\r\n".to_owned(), Fact::InvalidFieldName),
        ("GET / http/1.1\r\nHost: x\r\n\r\n".to_owned(), Fact::UnusualVersion),
        ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), Fact::InvalidStartLine),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab".to_owned(), Fact::BodyOfGet),
        (format!("{chunked}2;x\nab\r\n0\r\n\r\n"), Fact::BareLineFeed),
        (format!("{chunked}2;x\r\nab\r\n0\r\n\r\n"), Fact::ChunkExtension),
        (format!("{chunked}0x2\r\n\r\n"), Fact::InvalidChunkSize),
        (format!("{chunked}2\r\nab\r\n0\r\n"), Fact::MissingFinalLine),
    ] {
        assert!(facts(&[&request]).contains(&fact), "{request:?}: {:?}", facts(&[&request]));
    }
}
