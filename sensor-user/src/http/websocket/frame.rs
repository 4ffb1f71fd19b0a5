use super::Tally;

/// The frames of one direction (RFC 6455 section 5.2), read at any segmentation.
pub(super) struct Frames {
    is_client: bool,
    state: State,
}

enum State {
    Header(Partial),
    /// So many bytes of payload lack.
    Payload(u64),
    /// Lost: passing over segments until one looks like frames.
    Lost,
}

/// The first bytes of a frame header.
#[derive(Clone, Copy, Default)]
struct Partial {
    bytes: [u8; MAX_HEADER],
    len: usize,
}

#[derive(Clone, Copy)]
struct Header {
    is_final: bool,
    /// RSV1 to RSV3 in the lowest bits; compression (RFC 7692) uses the first.
    reserved: u8,
    opcode: u8,
    is_masked: bool,
    /// The length took more bytes than it needed, or more than 63 bits.
    has_odd_length: bool,
    header_len: usize,
    payload_len: u64,
}

/// Two bytes, eight of length, four of mask.
const MAX_HEADER: usize = 14;
/// Frames that are looked at before a place is taken for the beginning of one.
const CHAIN: usize = 8;

impl Frames {
    pub(super) fn new(is_client: bool) -> Self {
        Self { is_client, state: State::Header(Partial::default()) }
    }

    pub(super) fn push(&mut self, mut bytes: &[u8], tally: &mut Tally) {
        if matches!(self.state, State::Lost) {
            if !self.begins_frames(bytes) {
                tally.unread_bytes += bytes.len() as u64;
                return;
            }
            self.state = State::Header(Partial::default());
        }
        while let Some(first) = bytes.first() {
            match &mut self.state {
                State::Payload(left) => {
                    let len = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= len as u64;
                    bytes = bytes.get(len..).unwrap_or_default();
                    if *left == 0 {
                        self.state = State::Header(Partial::default());
                    }
                }
                State::Header(partial) => {
                    partial.push(*first);
                    bytes = bytes.get(1..).unwrap_or_default();
                    if let Some(header) = partial.whole() {
                        tally.take(&header, self.is_client);
                        self.state = match header.payload_len {
                            0 => State::Header(Partial::default()),
                            len => State::Payload(len),
                        };
                    }
                }
                State::Lost => return,
            }
        }
    }

    pub(super) fn gap(&mut self, missing: u64, tally: &mut Tally) {
        tally.unread_bytes += missing;
        self.state = match self.state {
            State::Payload(left) if missing < left => State::Payload(left - missing),
            State::Payload(left) if missing == left => State::Header(Partial::default()),
            _ => State::Lost,
        };
    }

    pub(super) fn lose(&mut self) {
        self.state = State::Lost;
    }

    /// Whether the bytes begin with a frame that this side may send, and go on with frames as far as they reach.
    fn begins_frames(&self, bytes: &[u8]) -> bool {
        let mut at = 0;
        for frame in 0..CHAIN {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(header) = Header::read(rest) else { return frame > 0 };
            if !header.is_valid(self.is_client) || header.reserved & 0x3 != 0 {
                return false;
            }
            at = usize::try_from(header.payload_len)
                .ok()
                .and_then(|len| at.checked_add(header.header_len)?.checked_add(len))
                .unwrap_or(usize::MAX);
        }
        true
    }
}

impl Tally {
    fn take(&mut self, header: &Header, is_client: bool) {
        self.frames += 1;
        self.bytes = self.bytes.saturating_add(header.payload_len);
        self.control_frames += u64::from(header.is_control());
        self.fragments += u64::from(!header.is_final);
        self.invalid_frames += u64::from(!header.is_valid(is_client));
    }
}

impl Partial {
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn whole(&self) -> Option<Header> {
        Header::read(self.bytes.get(..self.len)?)
    }
}

impl Header {
    /// `None` where the bytes hold no whole header.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (flags, rest) = bytes.split_first()?;
        let (length, rest) = rest.split_first()?;
        let is_masked = length & 0x80 != 0;
        let (payload_len, extension, smallest) = match length & 0x7f {
            126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 2, 126),
            127 => (u64::from_be_bytes(*rest.first_chunk()?), 8, 1 << 16),
            len => (u64::from(len), 0, 0),
        };
        let header_len = 2 + extension + if is_masked { 4 } else { 0 };
        (bytes.len() >= header_len).then_some(Self {
            is_final: flags & 0x80 != 0,
            reserved: flags >> 4 & 0x7,
            opcode: flags & 0x0f,
            is_masked,
            has_odd_length: payload_len < smallest || payload_len > i64::MAX as u64,
            header_len,
            payload_len,
        })
    }

    fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }

    fn is_valid(&self, is_client: bool) -> bool {
        let is_known = matches!(self.opcode, 0x0..=0x2 | 0x8..=0xa);
        let is_control_sound =
            !self.is_control() || (self.is_final && self.payload_len <= 125 && self.reserved == 0);
        is_known && is_control_sound && !self.has_odd_length && self.is_masked == is_client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(is_client: bool, pieces: &[&[u8]]) -> Tally {
        let (mut frames, mut tally) = (Frames::new(is_client), Tally::default());
        pieces.iter().for_each(|bytes| frames.push(bytes, &mut tally));
        tally
    }

    /// The examples of RFC 6455 section 5.7.
    fn examples() -> Vec<u8> {
        let mut bytes = vec![0x81, 5, b'H', b'e', b'l', b'l', b'o'];
        bytes.extend([0x01, 3, b'H', b'e', b'l', 0x80, 2, b'l', b'o']);
        bytes.extend([0x89, 5, b'H', b'e', b'l', b'l', b'o']);
        bytes.extend([0x82, 0x7e, 1, 0]);
        bytes.extend([0; 256]);
        bytes.extend([0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        bytes.extend(vec![0; 65536]);
        bytes
    }

    #[test]
    fn frames_are_counted_at_any_cut() {
        let bytes = examples();
        let expected = Tally {
            frames: 6,
            bytes: 5 + 5 + 5 + 256 + 65536,
            control_frames: 1,
            fragments: 1,
            ..Tally::default()
        };
        for step in [1, 2, 3, 7, 1000, bytes.len()] {
            assert_eq!(tally(false, &bytes.chunks(step).collect::<Vec<_>>()), expected);
        }
    }

    #[test]
    fn a_client_masks_and_a_server_does_not() {
        let masked = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(tally(true, &[&masked]).invalid_frames, 0);
        assert_eq!(tally(false, &[&masked]).invalid_frames, 1);
    }

    #[test]
    fn bytes_lost_inside_a_payload_keep_the_count_and_others_wait_for_a_frame() {
        let (mut frames, mut tally) = (Frames::new(false), Tally::default());
        frames.push(&[0x82, 10, 1, 2], &mut tally);
        frames.gap(5, &mut tally);
        frames.push(&[1, 2, 3, 0x89, 0], &mut tally);
        assert_eq!((tally.frames, tally.unread_bytes), (2, 5));
        frames.gap(50, &mut tally);
        frames.push(b"rest of something", &mut tally);
        frames.push(&[0x81, 1, b'x', 0x81, 1, b'y'], &mut tally);
        assert_eq!((tally.frames, tally.bytes, tally.unread_bytes), (4, 12, 72));
    }

    #[test]
    fn a_length_past_all_bounds_is_counted_and_harms_nothing() {
        let mut header = vec![0x82, 0x7f];
        header.extend([0xff; 8]);
        let tally = tally(false, &[&header, &[0; 100]]);
        assert_eq!((tally.frames, tally.invalid_frames), (1, 1));
    }
}
