//! What the tap leaves out of HTTP flows, frame by frame.

use sensor_user::{
    capture::{
        Source as _,
        ebpf::{RingSource, Tap, TapOptions},
    },
    flow::{Advice, Unwanted},
};

use crate::support::{
    frame::Tcp,
    ready,
    streams::{Seen, drain},
};

const CLIENT: &str = "203.0.113.7:40000";
const SERVER: &str = "198.51.100.1:80";
const GET: &[u8] = b"GET /file HTTP/1.1\r\nHost: example\r\n\r\n";
const KEEP: usize = 1000;
/// What a test frame takes.
const SEGMENT: usize = 3000;

/// One connection, each side's bytes in order.
struct Talk {
    tap: Tap,
    ring: RingSource,
    client: u32,
    server: u32,
}

impl Talk {
    /// A connection on which the server once sent a large segment.
    fn bulky() -> Self {
        let mut tap = Tap::load(&TapOptions { answer_keep: KEEP as u32, ..TapOptions::default() })
            .unwrap_or_else(|error| panic!("{error}"));
        let ring = tap.take_sources().remove(0);
        let mut talk = Self { tap, ring, client: 1000, server: u32::MAX - 9000 };
        talk.send(true, "S", b"");
        talk.send(false, "SA", b"");
        talk.client(GET);
        talk.server(&answer(SEGMENT - 100));
        talk.seen();
        talk
    }

    fn send(&mut self, is_client: bool, flags: &str, payload: &[u8]) {
        let (from, to, sequence, acknowledged) = if is_client {
            (CLIENT, SERVER, self.client, self.server)
        } else {
            (SERVER, CLIENT, self.server, self.client)
        };
        let mut frame = Tcp::new(from, to, sequence, flags, payload).frame();
        frame[14 + 20 + 8..][..4].copy_from_slice(&acknowledged.to_be_bytes());
        self.tap.try_frame(&frame, 1).unwrap();
        let len = payload.len() as u32 + u32::from(flags.contains(['S', 'F']));
        let next = if is_client { &mut self.client } else { &mut self.server };
        *next = next.wrapping_add(len);
    }

    fn client(&mut self, payload: &[u8]) {
        self.send(true, "A", payload);
    }

    fn server(&mut self, payload: &[u8]) {
        payload.chunks(SEGMENT).for_each(|piece| self.send(false, "A", piece));
    }

    fn seen(&mut self) -> Vec<Seen> {
        drain(&mut self.ring)
    }

    /// Bytes that the server sent: those copied and those on the wire.
    fn taken(&mut self) -> (usize, usize) {
        let seen = self.seen();
        let of_server = seen.iter().filter(|seen| seen.source == SERVER.parse().unwrap());
        of_server.fold((0, 0), |sum, seen| (sum.0 + seen.payload.len(), sum.1 + seen.wire_len as usize))
    }
}

fn answer(body: usize) -> Vec<u8> {
    [head(body).as_slice(), &vec![b'x'; body]].concat()
}

fn head(body: usize) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: {body}\r\nETag: 1\r\n\r\n").into_bytes()
}

#[test]
fn of_a_long_answer_no_more_is_copied_than_is_kept_and_its_length_is_told() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    for _ in 0..3 {
        talk.client(GET);
        talk.server(&answer(10_000));
        let head = head(10_000).len();
        assert_eq!(talk.taken(), (head + KEEP, head + 10_000));
    }
    // The sequence numbers wrapped meanwhile.
    assert_eq!(talk.tap.counters().value("tap_left_out_bytes_total"), 3 * (10_000 - KEEP as u64));
}

#[test]
fn a_head_ahead_of_its_body_and_a_message_behind_it_in_the_last_segment_are_copied() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    talk.client(GET);
    talk.server(&head(9_000));
    talk.server(&[b'x'; 8_000]);
    talk.server(&[vec![b'x'; 1_000], head(2)].concat());
    let seen = talk.seen();
    let last = seen.last().unwrap();
    assert_eq!((last.payload.as_slice(), last.wire_len as usize), (head(2).as_slice(), head(2).len()));
    assert_eq!(last.sequence, talk.server.wrapping_sub(head(2).len() as u32));
    let copied: usize = seen.iter().skip(1).map(|seen| seen.payload.len()).sum();
    assert_eq!(copied, head(9_000).len() + KEEP + head(2).len());
}

#[test]
fn what_is_sent_again_or_out_of_order_is_left_out_just_as_exactly() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    talk.client(GET);
    let (whole, start) = (answer(10_000), talk.server);
    let segment = |talk: &mut Talk, range: std::ops::Range<usize>| {
        talk.server = start.wrapping_add(range.start as u32);
        talk.send(false, "A", &whole[range]);
    };
    let head = head(10_000).len();
    segment(&mut talk, 0..3000);
    assert_eq!(talk.taken(), (head + KEEP, 3000));
    segment(&mut talk, 6000..9000);
    segment(&mut talk, 3000..6000);
    assert_eq!(talk.taken(), (0, 6000));
    segment(&mut talk, 500..3500);
    assert_eq!(talk.taken(), (head + KEEP - 500, 3000));
}

#[test]
fn an_answer_whose_length_could_be_read_in_two_ways_is_copied_as_a_whole() {
    if !ready() {
        return;
    }
    let heads: [&[u8]; 10] = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\nContent-Length: 8000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTRANSFER-ENCODING: chunked\r\nContent-Length: 8000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\nContent-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 8000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\n Content-Length: 8000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 8000, 8000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 80000000000\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 8000\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 8000\r\n\r\n",
    ];
    for head in heads {
        let mut talk = Talk::bulky();
        talk.client(GET);
        let all = [head, &[b'x'; 8000]].concat();
        talk.server(&all);
        assert_eq!(talk.taken(), (all.len(), all.len()), "{}", String::from_utf8_lossy(head));
    }
}

#[test]
fn an_answer_of_which_it_is_not_sure_what_it_answers_is_copied_as_a_whole() {
    if !ready() {
        return;
    }
    let questions: [&[&[u8]]; 8] = [
        &[b"HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[b"\r\nHEAD /file HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[GET, b"HEAD /file HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[b"GET /a HTTP/1.1\nHost: x\n\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[b"GET /a HTTP/1.1\r\nHost: x\r\n\nHEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"],
        &[b"GET /half HTTP/1.1\r\n", b"Host: x\r\n\r\n"],
        &[b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"],
    ];
    for question in questions {
        let mut talk = Talk::bulky();
        question.iter().for_each(|part| talk.client(part));
        let all = answer(8000);
        talk.server(&all);
        assert_eq!(talk.taken(), (all.len(), all.len()), "{}", String::from_utf8_lossy(&question.concat()));
    }
}

#[test]
fn a_client_that_asks_on_ends_what_is_left_out() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    talk.client(GET);
    let all = answer(1_000_000);
    talk.server(&all[..6000]);
    talk.seen();
    talk.client(GET);
    talk.server(&all[6000..9000]);
    assert_eq!(talk.taken(), (3000, 3000));
}

#[test]
fn the_rest_of_an_upload_is_left_out_on_advice_and_what_follows_it_is_not() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    talk.client(b"POST /up HTTP/1.1\r\nContent-Length: 9000\r\n\r\n");
    talk.client(&[b'x'; 3000]);
    talk.seen();
    let what = Unwanted::Bytes { sequence: talk.client, len: 6000 };
    let (source, destination) = (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    talk.ring.heed(&Advice { source, destination, vni: None, what });
    talk.server(b"HTTP/1.1 100 Continue\r\n\r\n");
    talk.client(&[b'x'; 3000]);
    talk.client(&[&[b'x'; 2990], b"xxxxxxxxxx".as_slice(), GET].concat()[..3000]);
    talk.client(GET);
    let lengths: Vec<_> = talk.seen().iter().map(|seen| (seen.payload.len(), seen.wire_len)).collect();
    assert_eq!(lengths, [(25, 25), (0, 3000), (0, 3000), (GET.len(), GET.len() as u32)]);
}

#[test]
fn a_server_that_answers_ends_what_is_left_out_of_a_request() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    // Forged, say: the server sees the next one instead.
    talk.client(b"POST /up HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n");
    let what = Unwanted::Bytes { sequence: talk.client, len: 100_000_000 };
    let (source, destination) = (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    talk.ring.heed(&Advice { source, destination, vni: None, what });
    talk.server(&answer(2));
    talk.seen();
    talk.client(GET);
    assert_eq!(talk.seen()[0].payload, GET);
}

#[test]
fn a_flow_that_the_agent_found_to_be_no_http_is_copied_no_more_until_it_opens_anew() {
    if !ready() {
        return;
    }
    let mut talk = Talk::bulky();
    let (source, destination) = (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    talk.ring.heed(&Advice { source, destination, vni: None, what: Unwanted::Connection });
    talk.client(GET);
    assert_eq!(talk.seen(), []);
    assert_eq!(talk.tap.counters().value("tap_given_up_flows_total"), 1);
    (talk.client, talk.server) = (77, 78);
    talk.send(true, "S", b"");
    talk.send(false, "SA", b"");
    talk.client(GET);
    assert_eq!(talk.seen().last().unwrap().payload, GET);
}
