//! Frames written by hand.

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const PADDED: u8 = 8;
pub(crate) const PRIORITY: u8 = 0x20;

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&len[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A header block that uses no table.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| literal(0, name, value)).collect()
}

/// A field that goes into the table.
pub(crate) fn indexed(name: &str, value: &str) -> Vec<u8> {
    literal(0x40, name, value)
}

fn literal(kind: u8, name: &str, value: &str) -> Vec<u8> {
    let string = |text: &str| {
        let mut bytes = integer(text.len(), 7);
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    [vec![kind], string(name), string(value)].concat()
}

fn integer(value: usize, prefix: u32) -> Vec<u8> {
    let mask = (1 << prefix) - 1;
    if value < mask {
        return vec![value as u8];
    }
    let (mut bytes, mut rest) = (vec![mask as u8], value - mask);
    while rest >= 128 {
        bytes.push((rest % 128) as u8 | 0x80);
        rest /= 128;
    }
    bytes.push(rest as u8);
    bytes
}

/// GET, with nothing after it.
pub(crate) fn get(stream: u32, path: &str) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, &request_block("GET", path))
}

pub(crate) fn request_block(method: &str, path: &str) -> Vec<u8> {
    block(&[(":method", method), (":scheme", "http"), (":path", path), (":authority", "api.test")])
}

pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &block(fields))
}

pub(crate) fn data(stream: u32, flags: u8, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    frame(DATA, flags, stream, bytes.as_ref())
}

/// 200 with a body.
pub(crate) fn ok(stream: u32, body: &str) -> Vec<u8> {
    [headers(stream, 0, &[(":status", "200")]), data(stream, END_STREAM, body)].concat()
}

pub(crate) fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

pub(crate) fn hello() -> Vec<u8> {
    [PREFACE, &settings()].concat()
}
