//! Bodies that the capture left out on purpose.

use portcullis_exchange::{Exchange, Incomplete, Timestamp};
use sensor_user::{
    counters::Counters,
    flow::{Advice, Unwanted},
    segment::{LeftOut, Segment, TcpFlags, Vlans},
    wire::{Wire, WireConfig},
};

use crate::conversation::{CLIENT, Conversation, GET, OK, SERVER, Sent};

const KEEP: usize = 16 << 10;
const BODY: usize = 100_000;

struct Read {
    exchanges: Vec<Exchange>,
    counters: Counters,
    advice: Vec<Advice>,
}

/// Reads what was sent, of each segment no more than `taken` says.
fn read(sent: &[Sent], taken: impl Fn(usize, &Sent) -> usize) -> Read {
    let mut wire = Wire::new(WireConfig { answer_keep: KEEP, ..WireConfig::default() });
    let (mut exchanges, mut advice) = (Vec::new(), Vec::new());
    for (index, one) in sent.iter().enumerate() {
        let (client, server) =
            (format!("{CLIENT}:{}", one.client_port).parse().unwrap(), SERVER.parse().unwrap());
        let (source, destination) = if one.is_client { (client, server) } else { (server, client) };
        let len = taken(index, one).min(one.payload.len());
        let segment = Segment {
            time: Timestamp::from_nanos(one.time),
            source,
            destination,
            vni: None,
            vlans: Vlans::NONE,
            left_out: LeftOut { tail: len < one.payload.len(), bodies: false },
            sequence: one.sequence,
            acknowledgement: one.acknowledgement,
            flags: TcpFlags(one.flags),
            payload: &one.payload[..len],
            wire_len: u32::try_from(one.payload.len()).unwrap(),
        };
        wire.segment(&segment, &mut exchanges);
        advice.extend(wire.take_advice());
    }
    wire.finish(&mut exchanges);
    Read { exchanges, counters: wire.counters(), advice }
}

fn all(_: usize, sent: &Sent) -> usize {
    sent.payload.len()
}

/// An answer of `BODY` bytes, of which `sent` are sent, in segments of 10,000.
fn large_answer(conversation: Conversation, sent: usize) -> Conversation {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n");
    vec![b'x'; sent].chunks(10_000).fold(conversation.client(GET).server(head), Conversation::server)
}

#[test]
fn a_body_whose_rest_was_left_out_has_its_length_and_what_follows_pairs() {
    let conversation = large_answer(Conversation::opened(), BODY).client(GET).server(OK).closed();
    // The handshake's three, the request and the head come before.
    let first_body = 5;
    let read = read(&conversation.sent, |index, sent| {
        let before = index.saturating_sub(first_body) * 10_000;
        if sent.payload.len() == 10_000 { KEEP.saturating_sub(before) } else { sent.payload.len() }
    });
    let [first, second] = &read.exchanges[..] else { panic!("{:?}", read.exchanges) };
    assert_eq!((first.incomplete, second.incomplete), (None, None));
    let body = &first.response.as_ref().unwrap().body;
    let lengths = (body.bytes.len(), body.decoded_len, body.transferred_len, body.fault);
    assert_eq!(lengths, (KEEP, BODY as u64, BODY as u64, None));
    assert_eq!(second.response.as_ref().unwrap().body.bytes, b"ok");
    assert_eq!(read.counters.value("flow_left_out_bytes_total"), (BODY - KEEP) as u64);
    assert_eq!(read.counters.value("flow_gaps_total"), 0);
}

#[test]
fn a_connection_that_ends_within_what_was_left_out_shows_a_cut_body() {
    let conversation = large_answer(Conversation::opened(), 50_000).closed();
    let read = read(&conversation.sent, |_, sent| sent.payload.len() % 10_000);
    let exchange = &read.exchanges[0];
    assert_eq!(exchange.incomplete, Some(Incomplete::CutOff));
    assert_eq!(exchange.response.as_ref().unwrap().body.transferred_len, 50_000);
}

#[test]
fn what_was_left_out_and_is_no_body_counts_as_lost_and_as_a_mistake() {
    let conversation = Conversation::opened().client(GET).server(OK).client(GET).server(OK);
    let conversation = conversation.client("GET /b HTTP/1.1\r\n\r\n").server(OK);
    // The second answer.
    let read = read(&conversation.sent, |index, sent| if index == 6 { 0 } else { sent.payload.len() });
    assert_eq!(read.counters.value("http_missed_bytes_total"), OK.len() as u64);
    let incomplete: Vec<_> = read.exchanges.iter().map(|exchange| exchange.incomplete).collect();
    assert_eq!(incomplete, [None, Some(Incomplete::Gap), None]);
}

#[test]
fn the_rest_of_a_large_upload_is_called_unwanted_once_and_to_its_very_end() {
    let head = "POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n";
    let mut conversation = Conversation::opened().client(head);
    let begins = conversation.sent.last().unwrap().sequence.wrapping_add(head.len() as u32);
    for piece in vec![b'x'; 1_000_000].chunks(10_000) {
        conversation = conversation.client(piece);
    }
    let conversation = conversation.client(GET).server(OK);
    let advice = read(&conversation.sent, all).advice;
    // 64 KiB are kept, and the segment that passes them is read.
    let Unwanted::Bytes { sequence, len } = advice[0].what else { panic!("{advice:?}") };
    assert_eq!((advice.len(), sequence, len), (1, begins.wrapping_add(70_000), 930_000));
    assert_eq!(advice[0].source.port(), 40_000);
}

#[test]
fn the_rest_of_a_chunk_is_unwanted_and_no_more_than_that() {
    let conversation = Conversation::opened()
        .client(GET)
        .server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n");
    let conversation = conversation.server(vec![b'x'; 20_000]);
    let advice = read(&conversation.sent, all).advice;
    let lengths: Vec<_> = advice.iter().map(|advice| advice.what).collect();
    assert!(matches!(lengths[..], [Unwanted::Bytes { len: 504_288, .. }]), "{advice:?}");
}

#[test]
fn a_connection_that_is_no_http_is_unwanted_as_a_whole() {
    let conversation = Conversation::opened().client(b"\x16\x03\x01 hello").server(b"\x16\x03\x03 hello");
    let conversation = conversation.client(vec![0x17; 40_000]).client([0x17; 100]);
    let advice = read(&conversation.sent, all).advice;
    let whats: Vec<_> = advice.iter().map(|advice| advice.what).collect();
    assert_eq!(whats, [Unwanted::Connection]);
}
