//! HTTP/2 by prior knowledge and after an upgrade: frames of several streams in turns.

use std::collections::VecDeque;

use proptest::{collection::vec, prelude::*, sample::select};

use super::talk::Talk;
use crate::http2::frames::*;

/// A request and its response.
#[derive(Clone, Debug)]
struct Call {
    kind: Kind,
    path: String,
    request: Vec<Vec<u8>>,
    has_request_trailers: bool,
    interim: usize,
    response: Vec<Vec<u8>>,
    ending: Ending,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Post,
    Grpc,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Data,
    Trailers,
    /// Whole, and then the server wants no more of the request (RFC 9113 section 8.1).
    NoError,
    /// Broken off by the server.
    Reset,
    /// Broken off by the client before there was an answer.
    Cancelled,
}

/// How its frames are written.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// A header block goes on after so many bytes.
    fragment: usize,
    is_padded: bool,
    has_priority: bool,
    is_pushed: bool,
}

/// An encoder with a table (RFC 7541 section 2.3.2) that is never full.
#[derive(Default)]
struct Encoder {
    table: VecDeque<(String, String)>,
}

impl Encoder {
    /// Fields that came before are named by their place.
    fn block(&mut self, fields: &[(&str, &str)]) -> Vec<u8> {
        let mut block = Vec::new();
        for (name, value) in fields {
            let known =
                self.table.iter().position(|known| (known.0.as_str(), known.1.as_str()) == (*name, *value));
            match known {
                Some(place) if place < 60 => block.push(0x80 | (62 + u8::try_from(place).unwrap())),
                None if name.starts_with(':') && self.table.len() < 20 => {
                    block.extend(indexed(name, value));
                    self.table.push_front(((*name).to_owned(), (*value).to_owned()));
                }
                _ => block.extend(crate::http2::frames::block(&[(name, value)])),
            }
        }
        block
    }
}

impl Shape {
    fn head(&self, stream: u32, flags: u8, block: &[u8]) -> Vec<u8> {
        let (first, rest) = block.split_at(self.fragment.min(block.len()));
        let mut payload = first.to_vec();
        let mut flags = flags | if rest.is_empty() { END_HEADERS } else { 0 };
        if self.has_priority {
            flags |= PRIORITY;
            payload.splice(..0, [0, 0, 0, 0, 9]);
        }
        if self.is_padded {
            flags |= PADDED;
            payload.insert(0, 3);
            payload.extend([0; 3]);
        }
        let mut frames = frame(HEADERS, flags, stream, &payload);
        let fragments: Vec<&[u8]> = rest.chunks(self.fragment).collect();
        for (at, fragment) in fragments.iter().enumerate() {
            let is_last = at + 1 == fragments.len();
            frames.extend(frame(CONTINUATION, if is_last { END_HEADERS } else { 0 }, stream, fragment));
        }
        frames
    }

    fn data(&self, stream: u32, flags: u8, bytes: &[u8]) -> Vec<u8> {
        if !self.is_padded {
            return data(stream, flags, bytes);
        }
        frame(DATA, flags | PADDED, stream, &[&[2], bytes, &[0; 2]].concat())
    }
}

/// What is still to be said on a stream, one part after the other.
struct Open {
    call: Call,
    stream: u32,
    requests: VecDeque<Part>,
    responses: VecDeque<Part>,
}

/// Header blocks are only coded when their turn has come, since the table goes by that.
enum Part {
    Head { fields: Vec<(&'static str, String)>, ends: bool },
    Data { bytes: Vec<u8>, ends: bool },
    Promise,
    Frames(Vec<u8>),
}

impl Open {
    fn new(call: &Call, stream: u32) -> Self {
        let mut this =
            Self { call: call.clone(), stream, requests: VecDeque::new(), responses: VecDeque::new() };
        this.ask();
        this.answer();
        this
    }

    /// The request that was upgraded is said already.
    fn upgraded(call: &Call) -> Self {
        let mut this = Self::new(call, 1);
        this.requests.clear();
        this
    }

    fn ask(&mut self) {
        let call = &self.call;
        let method = if call.kind == Kind::Get { "GET" } else { "POST" };
        let mut fields = vec![
            (":method", method.to_owned()),
            (":scheme", "http".to_owned()),
            (":path", call.path.clone()),
            (":authority", "api.test".to_owned()),
        ];
        if call.kind == Kind::Grpc {
            fields.extend([("content-type", "application/grpc".to_owned()), ("te", "trailers".to_owned())]);
        }
        let body: &[Vec<u8>] = if call.kind == Kind::Get { &[] } else { &call.request };
        let is_cancelled = call.ending == Ending::Cancelled;
        let has_trailers = call.has_request_trailers && !body.is_empty() && !is_cancelled;
        let ends = !has_trailers && !is_cancelled;
        self.requests.push_back(Part::Head { fields, ends: ends && body.is_empty() });
        push_data(&mut self.requests, call.kind, body, ends);
        if has_trailers {
            let fields = vec![("x-sum", "1".to_owned())];
            self.requests.push_back(Part::Head { fields, ends: true });
        }
        if is_cancelled {
            let reset = frame(RST_STREAM, 0, self.stream, &[0, 0, 0, 8]);
            self.requests.push_back(Part::Frames(reset));
        }
    }

    fn answer(&mut self) {
        let call = &self.call;
        if call.ending == Ending::Cancelled {
            return;
        }
        if call.shape.is_pushed {
            self.responses.push_back(Part::Promise);
        }
        for _ in 0..call.interim {
            let fields = vec![(":status", "103".to_owned()), ("link", "</s>".to_owned())];
            self.responses.push_back(Part::Head { fields, ends: false });
        }
        let mut fields = vec![(":status", "200".to_owned())];
        let is_grpc = call.kind == Kind::Grpc;
        if is_grpc {
            fields.push(("content-type", "application/grpc".to_owned()));
        }
        let has_trailers = is_grpc || call.ending == Ending::Trailers;
        let ends = !has_trailers && call.ending != Ending::Reset;
        self.responses.push_back(Part::Head { fields, ends: ends && call.response.is_empty() });
        push_data(&mut self.responses, call.kind, &call.response, ends);
        if call.ending == Ending::Reset {
            self.responses.push_back(Part::Frames(frame(RST_STREAM, 0, self.stream, &[0, 0, 0, 2])));
            return;
        }
        if has_trailers {
            let fields = vec![("grpc-status", "0".to_owned()), ("x-sum", "2".to_owned())];
            self.responses.push_back(Part::Head { fields, ends: true });
        }
        if call.ending == Ending::NoError {
            self.responses.push_back(Part::Frames(frame(RST_STREAM, 0, self.stream, &[0; 4])));
        }
    }

    /// The next frames of one side; of the server only once the client has said all.
    fn next(&mut self, is_client: bool, encoder: &mut Encoder) -> Option<Vec<u8>> {
        if !is_client && !self.requests.is_empty() {
            return None;
        }
        let parts = if is_client { &mut self.requests } else { &mut self.responses };
        let (stream, shape) = (self.stream, self.call.shape);
        let flags = |ends| if ends { END_STREAM } else { 0 };
        Some(match parts.pop_front()? {
            Part::Head { fields, ends } => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                shape.head(stream, flags(ends), &encoder.block(&fields))
            }
            Part::Data { bytes, ends } => shape.data(stream, flags(ends), &bytes),
            Part::Promise => {
                let block = encoder.block(&[(":method", "GET"), (":scheme", "http"), (":path", "/pushed")]);
                let promise = frame(PUSH_PROMISE, END_HEADERS, stream, &[&[0, 0, 0, 2], &block[..]].concat());
                let head = frame(HEADERS, END_HEADERS, 2, &encoder.block(&[(":status", "200")]));
                [promise, head, data(2, END_STREAM, "pushed")].concat()
            }
            Part::Frames(frames) => frames,
        })
    }
}

fn push_data(parts: &mut VecDeque<Part>, kind: Kind, body: &[Vec<u8>], ends: bool) {
    for (at, bytes) in body.iter().enumerate() {
        let message_len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        let prefix: &[u8] = if kind == Kind::Grpc { &[&[0][..], &message_len].concat() } else { &[] };
        let is_last = at + 1 == body.len();
        parts.push_back(Part::Data { bytes: [prefix, bytes].concat(), ends: ends && is_last });
    }
}

fn call() -> impl Strategy<Value = Call> {
    let body = || vec(vec(any::<u8>(), 0..150), 0..4);
    let shape = (1..60_usize, any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1));
    let shape = shape.prop_map(|(fragment, is_padded, has_priority, is_pushed)| Shape {
        fragment,
        is_padded,
        has_priority,
        is_pushed,
    });
    let ending = prop_oneof![
        4 => Just(Ending::Data),
        2 => Just(Ending::Trailers),
        1 => Just(Ending::NoError),
        1 => Just(Ending::Reset),
        1 => Just(Ending::Cancelled),
    ];
    let kind = select(vec![Kind::Get, Kind::Post, Kind::Grpc]);
    (kind, "/[a-z]{1,8}/[a-z]{1,8}", body(), any::<bool>(), 0..2_usize, body(), ending, shape).prop_map(
        |(kind, path, request, has_request_trailers, interim, response, ending, shape)| Call {
            kind,
            path,
            request,
            has_request_trailers,
            interim,
            response,
            ending,
            shape,
        },
    )
}

/// Who speaks next, and whether without having heard the other side's last words.
#[derive(Clone, Debug)]
struct Pick {
    is_client: bool,
    stream: prop::sample::Index,
    is_ahead: bool,
    /// A frame between those of the streams.
    aside: Option<u8>,
}

fn pick() -> impl Strategy<Value = Pick> {
    let aside = proptest::option::weighted(0.2, select(vec![PING, SETTINGS, 8, 0xbe]));
    (any::<bool>(), any::<prop::sample::Index>(), proptest::bool::weighted(0.3), aside)
        .prop_map(|(is_client, stream, is_ahead, aside)| Pick { is_client, stream, is_ahead, aside })
}

/// Both sides are among them.
fn picks() -> impl Strategy<Value = Vec<Pick>> {
    vec(pick(), 8..40).prop_map(|mut picks| {
        let other = Pick { is_client: !picks[0].is_client, ..picks[0].clone() };
        picks.push(other);
        picks
    })
}

/// What the streams say in turns, until all is said.
fn converse(talk: &mut Talk, mut open: Vec<Open>, picks: &[Pick]) {
    let (mut by_client, mut by_server) = (Encoder::default(), Encoder::default());
    let mut last_heard = talk.steps.len();
    let mut picks = picks.iter().cycle();
    loop {
        open.retain(|open| !open.requests.is_empty() || !open.responses.is_empty());
        let Some(pick) = picks.next().filter(|_| !open.is_empty()) else { return };
        let encoder = if pick.is_client { &mut by_client } else { &mut by_server };
        let at = pick.stream.index(open.len());
        open.rotate_left(at);
        // One side has always something to say, and both are among the picks.
        let said = open.iter_mut().find_map(|open| open.next(pick.is_client, encoder));
        let Some(mut frames) = said else { continue };
        match pick.aside {
            Some(kind @ (8 | PING)) => {
                frames.extend(frame(kind, 0, 0, &vec![0; if kind == 8 { 4 } else { 8 }]))
            }
            Some(kind) => frames.extend(frame(kind, 0, 0, &[])),
            None => {}
        }
        // What the client asks does not depend on answers; a server's answer does on the question.
        if pick.is_client && pick.is_ahead {
            talk.say_having_heard(last_heard, true, frames);
        } else {
            if pick.is_client {
                last_heard = talk.steps.len();
            }
            talk.joint();
            talk.say(pick.is_client, frames);
        }
    }
}

fn count(talk: &mut Talk, calls: &[Call]) {
    talk.exchanges += calls.len();
    let is_reset = |call: &&Call| matches!(call.ending, Ending::Reset | Ending::Cancelled);
    talk.incomplete = calls.iter().filter(is_reset).count();
}

fn streams(calls: &[Call], first: u32) -> Vec<Open> {
    calls.iter().zip((first..).step_by(2)).map(|(call, stream)| Open::new(call, stream)).collect()
}

pub(super) fn talk() -> impl Strategy<Value = Talk> {
    (vec(call(), 1..6), picks(), any::<bool>(), any::<bool>()).prop_map(
        |(mut calls, picks, server_first, half_closes)| {
            let mut talk = Talk::default();
            if server_first {
                talk.say(false, settings());
            }
            talk.say(true, hello());
            if !server_first {
                talk.say(false, settings());
            }
            // One is pushed at most, on stream 2.
            let first = calls.iter().position(|call| call.shape.is_pushed);
            for (at, call) in calls.iter_mut().enumerate() {
                call.shape.is_pushed = Some(at) == first;
            }
            count(&mut talk, &calls);
            converse(&mut talk, streams(&calls, 1), &picks);
            if half_closes {
                talk.half_close();
            }
            talk
        },
    )
}

/// A connection that begins as HTTP/1.1 (RFC 7540 section 3.2).
pub(super) fn upgraded_talk() -> impl Strategy<Value = Talk> {
    (call(), vec(call(), 0..4), picks(), any::<bool>()).prop_map(|(mut first, mut calls, picks, has_body)| {
        let mut talk = Talk::default();
        let body = if has_body { "Content-Length: 4\r\n\r\nbody" } else { "\r\n" };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
             HTTP2-Settings: AAMAAABkAAQAAP__\r\n",
            first.path
        );
        talk.joint();
        talk.say(true, head + body);
        let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
        talk.say(false, [switch.as_bytes(), &settings()].concat());
        talk.say(true, hello());
        if first.ending == Ending::Cancelled {
            first.ending = Ending::Data;
        }
        for call in calls.iter_mut().chain([&mut first]) {
            call.shape.is_pushed = false;
        }
        count(&mut talk, &[calls.as_slice(), &[first.clone()]].concat());
        let mut open = vec![Open::upgraded(&first)];
        open.extend(streams(&calls, 3));
        converse(&mut talk, open, &picks);
        talk
    })
}
