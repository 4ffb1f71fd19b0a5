//! Content codings behind one cap.
//!
//! The only place that may hold a decompressor (see clippy.toml). Every one is driven in small steps into a fixed buffer,
//! and stops where a body grows past the size or ratio cap: a bomb costs at most one buffer more.

mod brotli;
mod coding;
mod inflate;
mod layer;
mod stage;
#[cfg(test)]
mod tests;
mod zstd;

use portcullis_exchange::BodyFault;

pub(super) use self::coding::Coding;
use self::{
    layer::{Layer, run},
    stage::Stop,
};

/// Decoded bytes past which a body is a bomb.
const MAX_DECODED: u64 = 64 << 20;
/// Decoded over coded bytes past which a body is a bomb: text reaches 20, seldom 100; DEFLATE's limit is 1032.
const MAX_RATIO: u64 = 250;
/// Below this the ratio says nothing: a page of spaces is no attack.
const RATIO_FLOOR: u64 = 1 << 20;
/// Coded bytes that the decoders are given at once, wherever segments cut them: what comes of a bomb or of damage depends
/// on it.
const STEP: usize = 4 << 10;
/// Stacking more than this is an attack on our time.
const MAX_CODINGS: usize = 4;

/// Decodes one body in steps.
pub(super) struct Decoder {
    stages: Vec<Layer>,
    kept: Kept,
    /// What came of the next step.
    held: Vec<u8>,
    coded: u64,
    fault: Option<BodyFault>,
}

/// The first decoded bytes, and how many there were.
struct Kept {
    bytes: Vec<u8>,
    keep: usize,
    total: u64,
}

impl Decoder {
    /// `codings` in the order in which they were applied.
    pub(super) fn new(codings: &[Coding], keep: usize) -> Self {
        let kept = Kept { bytes: Vec::new(), keep, total: 0 };
        let is_known = codings.len() <= MAX_CODINGS && !codings.contains(&Coding::Unknown);
        if !is_known {
            return Self {
                stages: Vec::new(),
                kept,
                held: Vec::new(),
                coded: 0,
                fault: Some(BodyFault::UnknownCoding),
            };
        }
        let stages = codings.iter().rev().filter_map(|coding| coding.stage()).map(Layer::new).collect();
        Self { stages, kept, held: Vec::new(), coded: 0, fault: None }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.stages.is_empty() {
            let (part, after) = rest.split_at(rest.len().min(STEP - self.held.len()));
            rest = after;
            if part.len() == STEP {
                self.step(part);
            } else {
                self.held.extend_from_slice(part);
                if self.held.len() == STEP {
                    self.step_held();
                }
            }
        }
        if self.stages.is_empty() && !matches!(self.fault, Some(BodyFault::Damaged | BodyFault::Bomb)) {
            self.kept.push(rest);
        }
    }

    /// Whether further bytes change nothing but the length.
    pub(super) fn only_counts(&self) -> bool {
        let is_given_up = matches!(self.fault, Some(BodyFault::Damaged | BodyFault::Bomb));
        self.stages.is_empty() && (is_given_up || self.kept.bytes.len() >= self.kept.keep)
    }

    /// Counts bytes that cannot be joined to those before.
    pub(super) fn count(&mut self, bytes: u64) {
        self.step_held();
        match self.fault {
            None | Some(BodyFault::UnknownCoding) if self.stages.is_empty() => self.kept.total += bytes,
            _ => {
                self.stages = Vec::new();
                self.held = Vec::new();
                self.fault = self.fault.or(Some(BodyFault::Damaged));
            }
        }
    }

    /// The kept bytes, the length of all, and what went wrong.
    pub(super) fn finish(mut self) -> (Vec<u8>, u64, Option<BodyFault>) {
        self.step_held();
        self.pass_undecided();
        (self.kept.bytes, self.kept.total, self.fault)
    }

    fn step_held(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let mut held = std::mem::take(&mut self.held);
        self.step(&held);
        held.clear();
        self.held = held;
    }

    fn step(&mut self, bytes: &[u8]) {
        self.coded += bytes.len() as u64;
        let most = RATIO_FLOOR.max(self.coded.saturating_mul(MAX_RATIO)).min(MAX_DECODED);
        let kept = &mut self.kept;
        let outcome = run(&mut self.stages, bytes, &mut |decoded| kept.push_up_to(most, decoded));
        if let Err(stop) = outcome {
            self.fault = Some(match stop {
                Stop::Damaged => BodyFault::Damaged,
                Stop::Bomb => BodyFault::Bomb,
            });
            self.stages = Vec::new();
            self.held = Vec::new();
        } else if self.stages.iter().any(Layer::is_false) {
            self.fault = Some(BodyFault::UnknownCoding);
        }
    }

    /// A body too short to show whether it is coded as announced is given as it is: nothing hides in it.
    fn pass_undecided(&mut self) {
        let kept = &mut self.kept;
        let mut stages = self.stages.as_mut_slice();
        while let Some((layer, rest)) = stages.split_first_mut() {
            let undecided = layer.undecided();
            if !undecided.is_empty() {
                self.fault = Some(BodyFault::UnknownCoding);
                run(rest, &undecided, &mut |decoded| kept.push_up_to(MAX_DECODED, decoded)).ok();
            }
            stages = rest;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.kept.bytes.capacity()
            + self.held.capacity()
            + self.stages.iter().map(Layer::memory).sum::<usize>()
    }
}

impl Kept {
    /// Takes no more than makes `most` of all.
    fn push_up_to(&mut self, most: u64, bytes: &[u8]) -> Result<(), Stop> {
        let room = usize::try_from(most.saturating_sub(self.total)).unwrap_or(usize::MAX);
        self.push(bytes.get(..room).unwrap_or(bytes));
        if bytes.len() > room { Err(Stop::Bomb) } else { Ok(()) }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.total += bytes.len() as u64;
        let room = self.keep.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }
}
