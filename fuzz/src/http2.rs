//! HTTP/2 frames of a connection, opened by prior knowledge or by an upgrade: the exchanges do not depend on where
//! segments cut their bytes, nor on the order in which they are captured.
//!
//! `HOW`, four cuts, and then by the lowest bit of HOW:
//! - 0: bytes after the preface, a number that says how many of them the client sent, the rest being the server's.
//! - 1: frames, each `KIND FLAGS STREAM LENGTH PAYLOAD`, so that a fuzzer's changes leave their framing whole.

use sensor_user::wire::WireConfig;

use crate::{
    connection::{Cuts, Turn, exchanges},
    input::Input,
};

const IS_FRAMES: u8 = 1;
const IS_UPGRADE: u8 = 2;
const HAS_NO_PREFACE: u8 = 4;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const UPGRADE: &[u8] =
    b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
    HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
const SWITCHING: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let how = input.byte();
    let cuts = Cuts(input.part(4));
    let turns = turns(how, input);
    let whole = exchanges(&turns, &Cuts::NONE, WireConfig::default());
    let cut = exchanges(&turns, &cuts, WireConfig::default());
    assert_eq!(cut, whole);
}

fn turns(how: u8, mut input: Input<'_>) -> Vec<Turn> {
    let mut turns = Vec::new();
    let mut say = |is_client: bool, bytes: &[u8]| match turns.last_mut() {
        Some(Turn { is_client: last, bytes: said }) if *last == is_client => said.extend_from_slice(bytes),
        _ => turns.push(Turn { is_client, bytes: bytes.to_vec() }),
    };
    if how & IS_UPGRADE != 0 {
        say(true, UPGRADE);
        say(false, SWITCHING);
    }
    if how & HAS_NO_PREFACE == 0 {
        say(true, PREFACE);
    }
    if how & IS_FRAMES == 0 {
        let len = input.number() as usize;
        say(true, input.part(len));
        say(false, input.0);
    }
    while how & IS_FRAMES != 0 && !input.is_empty() {
        let frame = Frame::read(&mut input);
        say(frame.is_client, &frame.bytes());
    }
    turns
}

/// RFC 9113 section 4.1, with the length that its payload has.
struct Frame<'a> {
    is_client: bool,
    kind: u8,
    flags: u8,
    stream: u8,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The highest bit of KIND says who sends it, the next one that its length takes two bytes.
    fn read(input: &mut Input<'a>) -> Self {
        let (kind, flags, stream) = (input.byte(), input.byte(), input.byte());
        let len = if kind & 0x40 == 0 { u32::from(input.byte()) } else { input.number() };
        let payload = input.part(len as usize);
        Self { is_client: kind & 0x80 == 0, kind: kind & 0x0f, flags, stream, payload }
    }

    fn bytes(&self) -> Vec<u8> {
        let len = (self.payload.len() as u32).to_be_bytes();
        let header = [len[1], len[2], len[3], self.kind, self.flags, 0, 0, 0, self.stream];
        [header.as_slice(), self.payload].concat()
    }
}
