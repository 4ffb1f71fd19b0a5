use portcullis_exchange::{Body, BodyFault};

use super::decode::{Coding, Decoder};
use crate::flow::Peers;

/// Collects a body as its transfer coding gives it: decodes, keeps the first part, counts the rest.
pub(super) struct BodyCollector {
    decoder: Decoder,
    transferred: u64,
    /// Bytes were lost: what follows cannot be joined to what is kept.
    has_gap: bool,
}

impl BodyCollector {
    pub(super) fn new(codings: &[Coding], keep: usize) -> Self {
        Self { decoder: Decoder::new(codings, keep), transferred: 0, has_gap: false }
    }

    /// Where a capture rule says that nobody looks at bodies, they are only counted, as they are on the wire.
    pub(super) fn of(codings: &[Coding], keep: usize, peers: &Peers) -> Self {
        if peers.keeps_bodies { Self::new(codings, keep) } else { Self::new(&[], 0) }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.transferred += bytes.len() as u64;
        if self.has_gap {
            self.decoder.count(bytes.len() as u64);
        } else {
            self.decoder.push(bytes);
        }
    }

    pub(super) fn gap(&mut self, missing: u64) {
        self.transferred += missing;
        self.has_gap = true;
        self.decoder.count(missing);
    }

    /// Counts bytes that nobody would keep. Of a coded body they are as good as lost.
    pub(super) fn leave_out(&mut self, bytes: u64) {
        if self.only_counts() {
            self.transferred += bytes;
            self.decoder.count(bytes);
        } else {
            self.gap(bytes);
        }
    }

    /// Whether further bytes change nothing but the length.
    pub(super) fn only_counts(&self) -> bool {
        self.has_gap || self.decoder.only_counts()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.transferred == 0
    }

    pub(super) fn finish(self) -> Body {
        let transferred_len = self.transferred;
        let (bytes, decoded_len, fault): (Vec<u8>, u64, Option<BodyFault>) = self.decoder.finish();
        Body { bytes, decoded_len, transferred_len, fault }
    }

    pub(super) fn memory(&self) -> usize {
        self.decoder.memory()
    }
}
