//! What two ends say to each other: every way HTTP/1 has of framing a message.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::conversation::{Conversation, Sent};

/// Messages in the order in which they were sent.
#[derive(Clone)]
pub(super) struct Talk {
    pub(super) steps: Vec<Step>,
    pub(super) exchanges: usize,
    /// The server ends it, as after a body without a length.
    pub(super) server_closes: bool,
}

#[derive(Clone)]
pub(super) struct Step {
    pub(super) is_client: bool,
    pub(super) bytes: Vec<u8>,
}

impl std::fmt::Debug for Talk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Step { is_client, bytes } in &self.steps {
            writeln!(f, "{} {:?}", if *is_client { '>' } else { '<' }, String::from_utf8_lossy(bytes))?;
        }
        write!(f, "{} exchanges, server closes: {}", self.exchanges, self.server_closes)
    }
}

impl Talk {
    /// One segment a message, in order.
    pub(super) fn whole(&self) -> Vec<Sent> {
        let said = self.steps.iter().fold(Conversation::opened(), |conversation, step| {
            if step.is_client { conversation.client(&step.bytes) } else { conversation.server(&step.bytes) }
        });
        self.close(said).sent
    }

    pub(super) fn close(&self, conversation: Conversation) -> Conversation {
        use sensor_user::segment::TcpFlags;
        if self.server_closes {
            conversation.server_flags(TcpFlags::FIN).client_flags(TcpFlags::FIN)
        } else {
            conversation.closed()
        }
    }

    fn say(&mut self, is_client: bool, bytes: impl Into<Vec<u8>>) {
        self.steps.push(Step { is_client, bytes: bytes.into() });
    }

    /// Requests in one go, then their answers.
    fn pipeline(&mut self, exchanges: &[Spoken]) {
        self.say(true, exchanges.iter().flat_map(|spoken| spoken.request()).collect::<Vec<u8>>());
        self.say(false, exchanges.iter().flat_map(Spoken::response).collect::<Vec<u8>>());
        self.exchanges += exchanges.len();
    }

    fn expect(&mut self, spoken: &Spoken) {
        let (head, body) = spoken.request_in_parts("Expect: 100-continue\r\n");
        self.say(true, head);
        self.say(false, "HTTP/1.1 100 Continue\r\n\r\n");
        self.say(true, body);
        self.say(false, spoken.response());
        self.exchanges += 1;
    }
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
    Tunnel(Vec<Spoken>),
    Upgrade(Vec<u8>),
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        3 => Just(Ending::Plain),
        1 => spoken().prop_map(Ending::CloseDelimited),
        1 => vec(spoken(), 1..3).prop_map(Ending::Tunnel),
        1 => vec(any::<u8>(), 1..200).prop_map(Ending::Upgrade),
    ]
}

pub(super) fn talk() -> impl Strategy<Value = Talk> {
    let turn = (vec(spoken(), 1..4), proptest::bool::weighted(0.2));
    (vec(turn, 1..4), ending()).prop_map(|(turns, ending)| {
        let mut talk = Talk { steps: Vec::new(), exchanges: 0, server_closes: false };
        for (exchanges, expects) in &turns {
            match exchanges.first() {
                Some(first) if *expects => talk.expect(&Spoken { method: "POST", ..first.clone() }),
                _ => talk.pipeline(exchanges),
            }
        }
        match ending {
            Ending::Plain => {}
            Ending::CloseDelimited(mut spoken) => {
                spoken.method = "GET";
                spoken.response.framing = Framing::Close;
                talk.server_closes = true;
                talk.pipeline(&[spoken]);
            }
            Ending::Tunnel(inner) => {
                talk.say(true, "CONNECT inner:80 HTTP/1.1\r\nHost: inner:80\r\n\r\n");
                talk.say(false, "HTTP/1.1 200 Connected\r\n\r\n");
                talk.exchanges += 1;
                for spoken in inner {
                    talk.pipeline(&[spoken]);
                }
            }
            Ending::Upgrade(bytes) => {
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
        talk.steps.retain(|step| !step.bytes.is_empty());
        talk
    })
}
