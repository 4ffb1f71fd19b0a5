/// The nine bytes before each frame (RFC 9113 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    pub(super) len: u32,
    pub(super) kind: Kind,
    pub(super) flags: u8,
    /// Without the reserved bit.
    pub(super) stream: u32,
    is_reserved_bit_set: bool,
}

/// Frame types of RFC 9113 section 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Headers,
    Priority,
    ResetStream,
    Settings,
    PushPromise,
    Ping,
    GoAway,
    WindowUpdate,
    Continuation,
    /// An extension: receivers ignore what they do not know (section 5.5).
    Other(u8),
}

pub(super) const HEADER_LEN: usize = 9;

/// DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// SETTINGS and PING.
pub(super) const ACK: u8 = 0x1;
/// HEADERS, PUSH_PROMISE and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
/// DATA, HEADERS and PUSH_PROMISE.
pub(super) const PADDED: u8 = 0x8;
/// HEADERS: five bytes of priority come first.
pub(super) const PRIORITY: u8 = 0x20;

/// SETTINGS_MAX_FRAME_SIZE until a peer sets it higher, which few do.
const USUAL_MAX_LEN: u32 = 1 << 14;

impl FrameHeader {
    pub(super) fn read(bytes: [u8; HEADER_LEN]) -> Self {
        let [len_high, len_middle, len_low, kind, flags, stream @ ..] = bytes;
        let stream = u32::from_be_bytes(stream);
        Self {
            len: u32::from_be_bytes([0, len_high, len_middle, len_low]),
            kind: Kind::of(kind),
            flags,
            stream: stream & (u32::MAX >> 1),
            is_reserved_bit_set: stream > u32::MAX >> 1,
        }
    }

    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Whether a frame of this type can have this length and stream.
    pub(super) fn is_valid(&self) -> bool {
        let on_stream = self.stream != 0;
        match self.kind {
            Kind::Data | Kind::Headers | Kind::PushPromise | Kind::Continuation => on_stream,
            Kind::Priority => on_stream && self.len == 5,
            Kind::ResetStream => on_stream && self.len == 4,
            Kind::Settings => !on_stream && self.len.is_multiple_of(6) && (!self.has(ACK) || self.len == 0),
            Kind::Ping => !on_stream && self.len == 8,
            Kind::GoAway => !on_stream && self.len >= 8,
            Kind::WindowUpdate => self.len == 4,
            Kind::Other(_) => true,
        }
    }

    /// Whether these nine bytes can hardly be anything else: for finding frames where their places are not known.
    pub(super) fn is_plausible(&self) -> bool {
        let flags = match self.kind {
            Kind::Data => END_STREAM | PADDED,
            Kind::Headers => END_STREAM | END_HEADERS | PADDED | PRIORITY,
            Kind::PushPromise => END_HEADERS | PADDED,
            Kind::Continuation => END_HEADERS,
            Kind::Settings | Kind::Ping => ACK,
            Kind::Priority | Kind::ResetStream | Kind::GoAway | Kind::WindowUpdate => 0,
            Kind::Other(_) => return false,
        };
        let is_client_stream = self.stream % 2 == 1;
        let is_stream_usual = match self.kind {
            Kind::Data | Kind::Headers | Kind::PushPromise => is_client_stream,
            // A frame to begin with is none that goes on with another.
            Kind::Continuation => false,
            _ => true,
        };
        self.is_valid()
            && is_stream_usual
            && self.flags & !flags == 0
            && self.len <= USUAL_MAX_LEN
            && !self.is_reserved_bit_set
            && (self.kind != Kind::Headers || self.len > 0)
    }
}

impl Kind {
    fn of(kind: u8) -> Self {
        match kind {
            0x0 => Self::Data,
            0x1 => Self::Headers,
            0x2 => Self::Priority,
            0x3 => Self::ResetStream,
            0x4 => Self::Settings,
            0x5 => Self::PushPromise,
            0x6 => Self::Ping,
            0x7 => Self::GoAway,
            0x8 => Self::WindowUpdate,
            0x9 => Self::Continuation,
            other => Self::Other(other),
        }
    }
}

/// The first frame header of `bytes`; `None` where they are fewer than nine.
pub(super) fn first(bytes: &[u8]) -> Option<FrameHeader> {
    bytes.first_chunk().map(|header| FrameHeader::read(*header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_noise_are_no_plausible_frames() {
        for bytes in [
            &b"{\"name\":\"x\"}"[..],
            b"\0\0\0\0\0\0\0\0\0\0",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
            b"\0\0\x08\x06\x02\0\0\0\0",
            b"\0\0\x07\x06\0\0\0\0\0",
            b"\0\0\x05\x01\x04\0\0\0\x02",
        ] {
            assert!(!first(bytes).unwrap().is_plausible(), "{bytes:?}");
        }
        for bytes in
            [&b"\0\0\x12\x04\0\0\0\0\0"[..], b"\0\0\x05\x01\x25\0\0\0\x03", b"\0\0\x00\0\x01\0\0\0\x03"]
        {
            assert!(first(bytes).unwrap().is_plausible(), "{bytes:?}");
        }
        assert_eq!(first(b"\0\0\0"), None);
    }
}
