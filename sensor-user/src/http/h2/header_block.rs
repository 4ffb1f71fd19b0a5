use portcullis_exchange::{Fact, Timestamp};

use super::{
    block::Block,
    counters::Http2Counters,
    frame::{END_STREAM, FrameHeader, Kind},
    hpack::Decoder,
    reader::Event,
};

/// A header block in fragments (RFC 9113 section 4.3), until its last one is there.
pub(super) struct HeaderBlock {
    pub(super) stream: u32,
    end_stream: bool,
    is_push: bool,
    bytes: Vec<u8>,
    /// Bytes of it were lost, or it broke off: nothing joins on to what there is.
    is_cut: bool,
    is_oversized: bool,
    time: Timestamp,
}

/// A sender may go on with CONTINUATION for ever; servers take 8 KiB to 64 KiB, a few more.
const MAX_BLOCK: usize = 256 << 10;

impl HeaderBlock {
    pub(super) fn new(header: FrameHeader, time: Timestamp) -> Self {
        Self {
            stream: header.stream,
            end_stream: header.kind == Kind::Headers && header.has(END_STREAM),
            is_push: header.kind == Kind::PushPromise,
            bytes: Vec::new(),
            is_cut: false,
            is_oversized: false,
            time,
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    pub(super) fn push(&mut self, fragment: &[u8]) {
        self.is_oversized |= self.bytes.len() + fragment.len() > MAX_BLOCK;
        if !self.is_cut && !self.is_oversized {
            self.bytes.extend_from_slice(fragment);
        }
    }

    /// Decodes it with its last fragment. What is wrong with a block makes the table's state unknown: other receivers
    /// close the connection here, and if one does not, we go on without a guess.
    pub(super) fn end<'a>(
        mut self,
        last: &[u8],
        decoder: &mut Decoder,
        counters: &mut Http2Counters,
    ) -> Event<'a> {
        let bytes = if self.bytes.is_empty() && !self.is_cut && !self.is_oversized && last.len() <= MAX_BLOCK
        {
            last
        } else {
            self.push(last);
            &self.bytes
        };
        let (mut block, outcome) = Block::decode(decoder, bytes);
        counters.unknown_entries += block.unknown;
        if self.is_oversized {
            counters.oversized_blocks += 1;
            block.facts.insert(Fact::OversizedHeaderBlock);
        } else if outcome.is_err() && !self.is_cut {
            counters.malformed_blocks += 1;
            block.facts.insert(Fact::MalformedHeaderBlock);
        }
        if outcome.is_err() || self.is_oversized || self.is_cut {
            decoder.forget();
        }
        Event::Block {
            stream: self.stream,
            end_stream: self.end_stream,
            is_push: self.is_push,
            block: Box::new(block),
            is_cut: self.is_cut,
            time: self.time,
        }
    }
}
