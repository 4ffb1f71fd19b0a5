//! HTTP/1: every way it has of framing a message.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::talk::{Closing, Talk};

/// Requests in one go, then their answers.
fn pipeline(talk: &mut Talk, exchanges: &[Spoken]) {
    talk.joint();
    talk.say(true, exchanges.iter().flat_map(Spoken::request).collect::<Vec<u8>>());
    answer(talk, exchanges);
}

/// The same from a client that does not wait for the answers to what it asked before.
fn pipeline_ahead(talk: &mut Talk, exchanges: &[Spoken]) {
    let heard = talk.steps.len().saturating_sub(1);
    talk.say_having_heard(heard, true, exchanges.iter().flat_map(Spoken::request).collect::<Vec<u8>>());
    answer(talk, exchanges);
}

fn answer(talk: &mut Talk, exchanges: &[Spoken]) {
    talk.joint();
    talk.say(false, exchanges.iter().flat_map(Spoken::response).collect::<Vec<u8>>());
    talk.exchanges += exchanges.len();
}

fn expect(talk: &mut Talk, spoken: &Spoken) {
    let (head, body) = spoken.request_in_parts("Expect: 100-continue\r\n");
    talk.joint();
    talk.say(true, head);
    talk.say(false, "HTTP/1.1 100 Continue\r\n\r\n");
    talk.say(true, body);
    answer(talk, std::slice::from_ref(spoken));
}

/// A request and its response.
#[derive(Clone, Debug)]
struct Spoken {
    method: &'static str,
    target: String,
    request: Payload,
    interim: usize,
    status: u16,
    response: Payload,
}

#[derive(Clone, Debug)]
struct Payload {
    bytes: Vec<u8>,
    coding: &'static str,
    framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length,
    Chunked,
    /// With chunk extensions and trailers.
    ChunkedFully,
    Close,
}

impl Spoken {
    fn request(&self) -> Vec<u8> {
        let (head, body) = self.request_in_parts("");
        [head, body].concat()
    }

    fn request_in_parts(&self, field: &str) -> (Vec<u8>, Vec<u8>) {
        let line = format!("{} {} HTTP/1.1\r\nHost: api.test\r\n{field}", self.method, self.target);
        if matches!(self.method, "POST" | "PUT" | "PURGE") {
            let (fields, body) = self.request.framed();
            (format!("{line}{fields}\r\n").into(), body)
        } else {
            (format!("{line}\r\n").into(), Vec::new())
        }
    }

    fn response(&self) -> Vec<u8> {
        let interim = "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n".repeat(self.interim);
        let (fields, body) = self.response.framed();
        let head = format!("{interim}HTTP/1.1 {} Said\r\nServer: test\r\n{fields}\r\n", self.status);
        let is_bodiless = self.method == "HEAD" || matches!(self.status, 204 | 304);
        [head.into_bytes(), if is_bodiless { Vec::new() } else { body }].concat()
    }
}

impl Payload {
    fn framed(&self) -> (String, Vec<u8>) {
        let (field, bytes) = match self.coding {
            "gzip" => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&self.bytes).unwrap();
                ("Content-Encoding: gzip\r\n", encoder.finish().unwrap())
            }
            "deflate" => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&self.bytes).unwrap();
                ("Content-Encoding: deflate\r\n", encoder.finish().unwrap())
            }
            _ => ("", self.bytes.clone()),
        };
        match self.framing {
            Framing::Length => (format!("{field}Content-Length: {}\r\n", bytes.len()), bytes),
            Framing::Close => (field.to_owned(), bytes),
            Framing::Chunked | Framing::ChunkedFully => {
                let is_full = self.framing == Framing::ChunkedFully;
                (format!("{field}Transfer-Encoding: chunked\r\n"), chunked(&bytes, is_full))
            }
        }
    }
}

fn chunked(bytes: &[u8], is_full: bool) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in bytes.chunks(37) {
        let extension = if is_full { ";name=\"va;lue\"" } else { "" };
        coded.extend_from_slice(format!("{:x}{extension}\r\n", chunk.len()).as_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(if is_full { b"0\r\nX-Sum: 1\r\n\r\n" } else { b"0\r\n\r\n" });
    coded
}

fn payload() -> impl Strategy<Value = Payload> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..200),
        // Bodies that look like messages.
        Just(b"GET /in-a-body HTTP/1.1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n".to_vec()),
        vec(Just(b'a'), 300..2000),
    ];
    let framing = select(vec![Framing::Length, Framing::Chunked, Framing::ChunkedFully]);
    (bytes, select(vec!["", "gzip", "deflate"]), framing).prop_map(|(bytes, coding, framing)| Payload {
        bytes,
        coding,
        framing,
    })
}

fn spoken() -> impl Strategy<Value = Spoken> {
    let methods = select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "PURGE"]);
    let statuses = select(vec![200, 201, 204, 304, 404, 500]);
    (methods, "/[a-z0-9/?=&%]{0,60}", payload(), 0..3_usize, statuses, payload()).prop_map(
        |(method, target, request, interim, status, response)| Spoken {
            method,
            target,
            request,
            interim,
            status,
            response,
        },
    )
}

#[derive(Clone, Debug)]
enum Ending {
    Plain,
    CloseDelimited(Spoken),
    /// First what is no HTTP, as SOCKS or TLS, in turns.
    Tunnel(Vec<[Vec<u8>; 2]>, Vec<Spoken>),
    Upgrade(Vec<u8>),
}

/// Bytes that no message begins with, and which may hold one.
fn noise() -> impl Strategy<Value = Vec<u8>> {
    let rest = prop_oneof![vec(any::<u8>(), 0..60), Just(b"\nGET /no HTTP/1.1\r\n\r\n".to_vec())];
    (select(vec![1, 4, 5, 0x16, 0xff]), rest).prop_map(|(first, rest)| [vec![first], rest].concat())
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => Just(Ending::Plain),
        1 => spoken().prop_map(Ending::CloseDelimited),
        1 => (vec([noise(), noise()], 0..9), vec(spoken(), 1..3))
            .prop_map(|(noise, inner)| Ending::Tunnel(noise, inner)),
        1 => vec(any::<u8>(), 1..200).prop_map(Ending::Upgrade),
    ]
}

#[derive(Clone, Debug)]
enum Turn {
    Pipeline(Vec<Spoken>),
    Ahead(Vec<Spoken>),
    Expect(Spoken),
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => vec(spoken(), 1..4).prop_map(Turn::Pipeline),
        1 => vec(spoken(), 1..4).prop_map(Turn::Ahead),
        1 => spoken().prop_map(|spoken| Turn::Expect(Spoken { method: "POST", ..spoken })),
    ]
}

pub(super) fn talk() -> impl Strategy<Value = Talk> {
    (vec(turn(), 1..4), ending(), any::<bool>()).prop_map(|(turns, ending, half_closes)| {
        let mut talk = Talk::default();
        for turn in &turns {
            match turn {
                Turn::Pipeline(exchanges) => pipeline(&mut talk, exchanges),
                Turn::Ahead(exchanges) => pipeline_ahead(&mut talk, exchanges),
                Turn::Expect(spoken) => expect(&mut talk, spoken),
            }
        }
        match ending {
            Ending::Plain => {}
            Ending::CloseDelimited(mut spoken) => {
                spoken.method = "GET";
                spoken.response.framing = Framing::Close;
                talk.closing = Closing::ByServer;
                pipeline(&mut talk, &[spoken]);
            }
            Ending::Tunnel(noise, inner) => {
                talk.joint();
                talk.say(true, "CONNECT inner:80 HTTP/1.1\r\nHost: inner:80\r\n\r\n");
                talk.say(false, "HTTP/1.1 200 Connected\r\n\r\n");
                talk.exchanges += 1;
                let is_given_up = noise.len() > 6;
                for [asked, answered] in noise {
                    talk.say(true, asked);
                    talk.say(false, answered);
                }
                for spoken in inner {
                    pipeline(&mut talk, &[spoken]);
                    talk.exchanges -= usize::from(is_given_up);
                }
            }
            Ending::Upgrade(bytes) => {
                talk.joint();
                talk.say(
                    true,
                    "GET /up HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n",
                );
                talk.say(false, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n");
                talk.exchanges += 1;
                talk.say(true, bytes.clone());
                talk.say(false, bytes);
            }
        }
        if half_closes {
            talk.half_close();
        }
        talk
    })
}
