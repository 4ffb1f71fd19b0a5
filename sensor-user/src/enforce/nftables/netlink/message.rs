//! Netlink messages byte by byte (RFC 3549 section 2.3; attributes as in linux/netlink.h): lengths and kinds in the
//! machine's byte order, values in the network's.

const HEADER: usize = 16;
/// `struct nfgenmsg`.
const NFGEN: usize = 4;
const ATTRIBUTE: usize = 4;

const REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const ACK: u16 = libc::NLM_F_ACK as u16;
const INTERRUPTED: u16 = 0x10;
const NESTED: u16 = 1 << 15;
/// Without the two bits that say how an attribute is encoded.
const KIND: u16 = 0x3fff;

const ERROR: u16 = libc::NLMSG_ERROR as u16;
const DONE: u16 = libc::NLMSG_DONE as u16;

/// Number of the messages around a transaction.
pub(super) const FRAME: u32 = 0;

/// Requests to nf_tables, numbered from 1.
pub(in super::super) struct Messages {
    bytes: Vec<u8>,
    family: u8,
    /// Where the last one begins.
    open: usize,
    last: u32,
}

impl Messages {
    pub(in super::super) fn new(family: u8) -> Self {
        let mut messages = Self { bytes: Vec::new(), family, open: 0, last: FRAME };
        messages.frame(libc::NFNL_MSG_BATCH_BEGIN);
        messages
    }

    /// Begins one of `NFT_MSG_…`; its attributes follow. Its number is returned.
    pub(in super::super) fn begin(&mut self, kind: libc::c_int, flags: libc::c_int) -> u32 {
        self.last += 1;
        let kind = (libc::NFNL_SUBSYS_NFTABLES << 8) | kind;
        self.header(kind as u16, REQUEST | flags as u16, self.last, self.family, 0);
        self.last
    }

    pub(in super::super) fn text(&mut self, kind: u16, text: &str) {
        let start = self.attribute(kind);
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
        self.close(start);
    }

    pub(in super::super) fn bytes(&mut self, kind: u16, value: &[u8]) {
        let start = self.attribute(kind);
        self.bytes.extend(value);
        self.close(start);
    }

    pub(in super::super) fn nested(&mut self, kind: u16, inner: impl FnOnce(&mut Self)) {
        let start = self.attribute(kind | NESTED);
        inner(self);
        self.close(start);
    }

    pub(super) fn into_transaction(mut self) -> Self {
        self.acknowledge();
        self.frame(libc::NFNL_MSG_BATCH_END);
        self.seal();
        self
    }

    /// Without the frame of a transaction.
    pub(super) fn finished(mut self) -> Self {
        self.acknowledge();
        self.seal();
        self.bytes.drain(..HEADER + NFGEN);
        self
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn last_asked(&self) -> u32 {
        self.last
    }

    /// The last one is answered even where there is nothing to say.
    fn acknowledge(&mut self) {
        let at = self.open + 6;
        let flags = array(&self.bytes, at).map_or(ACK, |flags| u16::from_ne_bytes(flags) | ACK);
        if let Some(place) = self.bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&flags.to_ne_bytes());
        }
    }

    fn frame(&mut self, kind: libc::c_int) {
        let family = libc::AF_UNSPEC as u8;
        self.header(kind as u16, REQUEST, FRAME, family, libc::NFNL_SUBSYS_NFTABLES as u16);
    }

    fn header(&mut self, kind: u16, flags: u16, number: u32, family: u8, resource: u16) {
        self.seal();
        self.open = self.bytes.len();
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(number.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
    }

    /// Writes the open message's length, now that it is known.
    fn seal(&mut self) {
        let len = (self.bytes.len() - self.open) as u32;
        if let Some(place) = self.bytes.get_mut(self.open..self.open + 4) {
            place.copy_from_slice(&len.to_ne_bytes());
        }
    }

    fn attribute(&mut self, kind: u16) -> usize {
        let start = self.bytes.len();
        self.bytes.extend([0; 2]);
        self.bytes.extend(kind.to_ne_bytes());
        start
    }

    fn close(&mut self, start: usize) {
        let len = (self.bytes.len() - start) as u16;
        if let Some(place) = self.bytes.get_mut(start..start + 2) {
            place.copy_from_slice(&len.to_ne_bytes());
        }
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

pub(super) struct Answer<'a> {
    pub(super) to: u32,
    pub(super) interrupted: bool,
    pub(super) is: Kind<'a>,
}

pub(super) enum Kind<'a> {
    /// An error number, or 0.
    Status(i32),
    /// The end of a dump, with the same.
    Done(i32),
    Content(&'a [u8]),
}

/// The messages of one datagram; what is cut short ends them.
pub(super) fn answers(mut rest: &[u8]) -> impl Iterator<Item = Answer<'_>> {
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(array(rest, 0)?) as usize;
        let message = rest.get(..len).filter(|message| message.len() >= HEADER)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        let kind = u16::from_ne_bytes(array(message, 4)?);
        let flags = u16::from_ne_bytes(array(message, 6)?);
        let is = match kind {
            ERROR => Kind::Status(-i32::from_ne_bytes(array(message, HEADER)?)),
            DONE => Kind::Done(array(message, HEADER).map_or(0, |status| -i32::from_ne_bytes(status))),
            _ => Kind::Content(message.get(HEADER + NFGEN..)?),
        };
        let to = u32::from_ne_bytes(array(message, 8)?);
        Some(Answer { to, interrupted: flags & INTERRUPTED != 0, is })
    })
}

/// Kind and value of each attribute; what is cut short ends them.
pub(in super::super) fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(array(rest, 0)?));
        let kind = u16::from_ne_bytes(array(rest, 2)?) & KIND;
        let value = rest.get(ATTRIBUTE..len)?;
        rest = rest.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The first attribute of this kind.
pub(in super::super) fn attribute(attributes: &[u8], kind: u16) -> Option<&[u8]> {
    self::attributes(attributes).find(|(of, _)| *of == kind).map(|(_, value)| value)
}

/// Of 4 or 8 bytes.
pub(in super::super) fn number(attributes: &[u8], kind: u16) -> Option<u64> {
    let value = attribute(attributes, kind)?;
    array(value, 0).map(u64::from_be_bytes).or_else(|| array(value, 0).map(u32::from_be_bytes).map(u64::from))
}

pub(in super::super) fn text(attributes: &[u8], kind: u16) -> Option<&str> {
    let value = attribute(attributes, kind)?;
    std::str::from_utf8(value.split(|byte| *byte == 0).next()?).ok()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let mut messages = Messages::new(1);
        messages.begin(libc::NFT_MSG_GETSET, 0);
        messages.text(1, "portcullis");
        messages.nested(3, |inner| inner.bytes(1, &[1, 2, 3, 4, 5]));
        let messages = messages.finished();
        let answer = answers(messages.as_bytes()).next().unwrap();
        let Kind::Content(content) = answer.is else { panic!("no content") };
        assert_eq!(text(content, 1), Some("portcullis"));
        assert_eq!(attribute(attribute(content, 3).unwrap(), 1), Some(&[1, 2, 3, 4, 5][..]));
        assert_eq!(messages.as_bytes().len() % 4, 0);
    }

    #[test]
    fn what_is_cut_short_ends_the_reading_and_nothing_else() {
        let mut messages = Messages::new(1);
        messages.begin(libc::NFT_MSG_GETSET, 0);
        messages.text(1, "portcullis");
        let messages = messages.finished();
        for len in 0..messages.as_bytes().len() {
            assert_eq!(answers(&messages.as_bytes()[..len]).count(), 0);
        }
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[0xff, 0xff, 1, 0, 7]).count(), 0);
    }
}
