use portcullis_exchange::{Exchange, Timestamp};
use proptest::prelude::*;

use crate::conversation::{Conversation, Sent, replay};

/// A request and its response, as bytes.
fn exchange() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let body = proptest::collection::vec(any::<u8>(), 0..300);
    let request = ("(GET|HEAD|POST|PUT)", "/[a-z0-9/?=&%]{0,60}", body.clone(), any::<bool>());
    let response = (200_u16..500, body, any::<bool>());
    (request, response).prop_map(
        |((method, target, body, is_chunked), (status, answer, is_answer_chunked))| {
            let has_body = method == "POST" || method == "PUT";
            let mut request =
                format!("{method} {target} HTTP/1.1\r\nHost: api.test\r\nX-A: 1\r\n").into_bytes();
            append_body(&mut request, has_body.then_some(&body), is_chunked);
            let mut response = format!("HTTP/1.1 {status} Whatever\r\nServer: test\r\n").into_bytes();
            let is_bodiless = method == "HEAD" || status == 204 || status == 304;
            append_body(&mut response, (!is_bodiless).then_some(&answer), is_answer_chunked);
            (request, response)
        },
    )
}

fn append_body(message: &mut Vec<u8>, body: Option<&Vec<u8>>, is_chunked: bool) {
    match body {
        None => message.extend_from_slice(b"\r\n"),
        Some(body) if is_chunked => {
            message.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in body.chunks(17) {
                message.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                message.extend_from_slice(chunk);
                message.extend_from_slice(b"\r\n");
            }
            message.extend_from_slice(b"0\r\n\r\n");
        }
        Some(body) => {
            message.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            message.extend_from_slice(body);
        }
    }
}

/// Which way each segment is cut, how late it is captured, and whether it is captured twice.
#[derive(Clone, Debug)]
struct Disorder {
    cuts: Vec<usize>,
    delays: Vec<usize>,
    repeats: Vec<bool>,
}

fn disorder() -> impl Strategy<Value = Disorder> {
    (
        proptest::collection::vec(1_usize..120, 1..40),
        proptest::collection::vec(0_usize..4, 1..60),
        proptest::collection::vec(proptest::bool::weighted(0.1), 1..60),
    )
        .prop_map(|(cuts, delays, repeats)| Disorder { cuts, delays, repeats })
}

fn whole(exchanges: &[(Vec<u8>, Vec<u8>)]) -> Conversation {
    let conversation = exchanges.iter().fold(Conversation::opened(), |conversation, (request, response)| {
        conversation.client(request).server(response)
    });
    conversation.closed()
}

fn disordered(exchanges: &[(Vec<u8>, Vec<u8>)], disorder: &Disorder) -> Vec<Sent> {
    let mut cuts = disorder.cuts.iter().cycle().copied();
    let mut conversation = Conversation::opened();
    let handshake = conversation.sent.len();
    for (is_client, message) in
        exchanges.iter().flat_map(|(request, response)| [(true, request), (false, response)])
    {
        let mut rest = message.as_slice();
        while !rest.is_empty() {
            let len = cuts.next().unwrap().min(rest.len());
            conversation.push(is_client, sensor_user::segment::TcpFlags::ACK, &rest[..len]);
            rest = &rest[len..];
        }
    }
    let conversation = conversation.closed();
    let (handshake, data) = conversation.sent.split_at(handshake);
    let mut order: Vec<(usize, usize, &Sent)> = Vec::new();
    for (at, sent) in data.iter().enumerate() {
        let delay = disorder.delays[at % disorder.delays.len()];
        order.push((at + delay, at, sent));
        if disorder.repeats[at % disorder.repeats.len()] {
            order.push((at + delay + 2, at, sent));
        }
    }
    order.sort_by_key(|(captured_at, sent_at, _)| (*captured_at, *sent_at));
    handshake.iter().chain(order.into_iter().map(|(_, _, sent)| sent)).cloned().collect()
}

fn without_times(exchanges: Vec<Exchange>) -> Vec<Exchange> {
    let now = Timestamp::default();
    exchanges
        .into_iter()
        .map(|exchange| Exchange { started_at: now, completed_at: now, ..exchange })
        .collect()
}

proptest! {
    #[test]
    fn any_segmentation_reordering_and_duplication_gives_the_same_exchanges(
        exchanges in proptest::collection::vec(exchange(), 1..5),
        disorder in disorder(),
    ) {
        let expected = without_times(whole(&exchanges).exchanges());
        prop_assert_eq!(expected.len(), exchanges.len());
        prop_assert!(expected.iter().all(|exchange| exchange.incomplete.is_none()));
        let found = without_times(replay(&disordered(&exchanges, &disorder)));
        prop_assert_eq!(found, expected);
    }
}
