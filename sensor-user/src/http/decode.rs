//! Content codings behind one cap.
//!
//! The only place that may hold a decompressor (see clippy.toml). Every one is driven in small steps into a fixed buffer,
//! and stops where a body grows past the size or ratio cap: a bomb costs at most one buffer more.

mod brotli;
mod inflate;
mod zstd;

use portcullis_exchange::BodyFault;

use self::{brotli::Brotli, inflate::Inflate, zstd::Zstd};

/// A coding of `Content-Encoding` or `Transfer-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    /// RFC 9110 means the zlib format; many send raw DEFLATE.
    Deflate,
    Brotli,
    Zstd,
    Unknown,
}

impl Coding {
    /// By its registered name or the aliases that receivers accept; `None` for `identity`.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if name.is_empty() || is("identity") {
            None
        } else if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") || is("x-deflate") {
            Some(Self::Deflate)
        } else if is("br") {
            Some(Self::Brotli)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else {
            Some(Self::Unknown)
        }
    }
}

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

/// A coding that was announced, until it shows that it was not applied.
///
/// Receivers often ignore the field, so a plain body under a false `Content-Encoding: gzip` would otherwise hide from us.
struct Layer {
    /// `None` once the bytes were found to be something else: they pass as they are.
    stage: Option<Box<dyn Stage>>,
    /// What came before anything was decoded.
    untouched: Vec<u8>,
    has_output: bool,
}

/// A false coding shows itself in its first bytes; more is not held for it.
const MAX_UNTOUCHED: usize = 4 << 10;

/// The first decoded bytes, and how many there were.
struct Kept {
    bytes: Vec<u8>,
    keep: usize,
    total: u64,
}

/// Why a stage stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Damaged,
    Bomb,
}

/// One coding taken off. Output goes out in pieces as it comes, never collected.
trait Stage: Send {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop>;

    /// Whether the coded bytes may end here.
    fn is_over(&self) -> bool;

    /// Heap bytes held.
    fn memory(&self) -> usize;
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
        let stages = codings
            .iter()
            .rev()
            .filter_map(|coding| coding.stage())
            .map(|stage| Layer { stage: Some(stage), untouched: Vec::new(), has_output: false })
            .collect();
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
        } else if self.stages.iter().any(|layer| layer.stage.is_none()) {
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

impl Coding {
    fn stage(self) -> Option<Box<dyn Stage>> {
        match self {
            Self::Gzip => Some(Box::new(Inflate::gzip())),
            Self::Deflate => Some(Box::new(Inflate::deflate())),
            Self::Brotli => Some(Box::new(Brotli::new())),
            Self::Zstd => Some(Box::new(Zstd::new())),
            Self::Unknown => None,
        }
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

impl Layer {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        let Some(stage) = &mut self.stage else { return out(bytes) };
        if self.has_output {
            return stage.push(bytes, out);
        }
        let mut has_output = false;
        let outcome = stage.push(bytes, &mut |decoded| {
            has_output |= !decoded.is_empty();
            out(decoded)
        });
        if has_output {
            self.has_output = true;
            self.untouched = Vec::new();
            return outcome;
        }
        let may_be_false = self.untouched.len() + bytes.len() <= MAX_UNTOUCHED || self.untouched.is_empty();
        match outcome {
            Err(Stop::Damaged) if may_be_false => {
                self.stage = None;
                out(&std::mem::take(&mut self.untouched))?;
                out(bytes)
            }
            Ok(()) if may_be_false && bytes.len() <= MAX_UNTOUCHED => {
                self.untouched.extend_from_slice(bytes);
                Ok(())
            }
            Ok(()) => {
                self.has_output = true;
                self.untouched = Vec::new();
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }

    /// What came, where nothing was decoded of it and more would have had to come.
    fn undecided(&mut self) -> Vec<u8> {
        let is_undecided = !self.has_output && self.stage.as_ref().is_some_and(|stage| !stage.is_over());
        if is_undecided { std::mem::take(&mut self.untouched) } else { Vec::new() }
    }

    fn memory(&self) -> usize {
        self.untouched.capacity() + self.stage.as_ref().map_or(0, |stage| stage.memory())
    }
}

fn run(
    stages: &mut [Layer],
    bytes: &[u8],
    out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    match stages.split_first_mut() {
        None => out(bytes),
        Some((stage, rest)) => stage.push(bytes, &mut |decoded| run(rest, decoded, out)),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{
        Compression,
        write::{DeflateEncoder, GzEncoder, ZlibEncoder},
    };

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(codings: &[Coding], coded: &[u8], step: usize) -> (Vec<u8>, u64, Option<BodyFault>) {
        let mut decoder = Decoder::new(codings, 1000);
        for piece in coded.chunks(step) {
            decoder.push(piece);
        }
        decoder.finish()
    }

    #[test]
    fn every_form_of_deflate_is_taken_off_at_any_step() {
        let plain = b"one two three one two three".repeat(20);
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&plain).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
        raw.write_all(&plain).unwrap();
        let cases = [
            (Coding::Gzip, gzip(&plain)),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, raw.finish().unwrap()),
        ];
        for (coding, coded) in cases {
            for step in [1, 2, 7, 4096] {
                assert_eq!(
                    decode(&[coding], &coded, step),
                    (plain.clone(), plain.len() as u64, None),
                    "{coding:?}"
                );
            }
        }
    }

    #[test]
    fn brotli_and_zstd_are_taken_off() {
        // Made with Node's zlib and the zstd command.
        let brotli = [
            0x1b, 0x17, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0xd6, 0x0a, 0x20, 0x6c, 0x6f,
            0x4a, 0x11, 0x79, 0xe2, 0x80, 0xae, 0x16,
        ];
        assert_eq!(decode(&[Coding::Brotli], &brotli, 3).0, b"hello hello hello hello\n");
        let raw_block =
            [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x06, 0x31, 0x00, 0x00, b'h', b'e', b'l', b'l', b'o', b'\n'];
        assert_eq!(decode(&[Coding::Zstd], &raw_block, 1), (b"hello\n".to_vec(), 6, None));
    }

    #[test]
    fn stacked_codings_come_off_in_reverse() {
        let twice = gzip(&gzip(b"deep"));
        assert_eq!(decode(&[Coding::Gzip, Coding::Gzip], &twice, 5), (b"deep".to_vec(), 4, None));
    }

    #[test]
    fn gzip_members_follow_each_other_and_neither_rubbish_nor_a_wrong_checksum_hides_them() {
        let two = [gzip(b"one "), gzip(b"two")].concat();
        let with_rubbish = [two.as_slice(), b"\0\0\0rubbish"].concat();
        let mut wrong_checksum = two.clone();
        let last = wrong_checksum.len() - 6;
        wrong_checksum[last] ^= 0xff;
        for coded in [two, with_rubbish, wrong_checksum] {
            for step in [1, 5, 4096] {
                assert_eq!(decode(&[Coding::Gzip], &coded, step), (b"one two".to_vec(), 7, None));
            }
        }
    }

    #[test]
    fn a_bomb_stops_early_and_keeps_what_came_before() {
        let bomb = gzip(&vec![0; 50 << 20]);
        let (kept, len, fault) = decode(&[Coding::Gzip], &bomb, 1460);
        assert_eq!((kept.len(), fault), (1000, Some(BodyFault::Bomb)));
        assert!(len < 4 << 20, "stopped only at {len}");
    }

    #[test]
    fn rubbish_after_a_gzip_member_is_ignored_wherever_it_is_cut() {
        let coded = [gzip(b"whole"), vec![0; 40]].concat();
        for step in [1, 25, 26, 4096] {
            assert_eq!(decode(&[Coding::Gzip], &coded, step), (b"whole".to_vec(), 5, None), "{step}");
        }
    }

    #[test]
    fn zstd_frames_follow_each_other_and_rubbish_after_them_is_ignored() {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x02, 0x11, 0x00, 0x00, b'o', b'k'];
        let skipped = [0x55, 0x2a, 0x4d, 0x18, 0x03, 0, 0, 0, b'x', b'y', b'z'];
        let coded = [frame.as_slice(), &skipped, &frame, b"rubbish"].concat();
        for step in [1, 5, 4096] {
            assert_eq!(decode(&[Coding::Zstd], &coded, step), (b"okok".to_vec(), 4, None), "{step}");
        }
    }

    #[test]
    fn damage_is_the_same_wherever_it_is_cut() {
        // Two literals of brotli before what cannot be.
        let coded = b"\x0b\x02\x80hell\x01\xff\xabV\xcaLQo\x03";
        let whole = decode(&[Coding::Brotli], coded, 4096);
        for step in 1..coded.len() {
            assert_eq!(decode(&[Coding::Brotli], coded, step), whole, "{step}");
        }
    }

    #[test]
    fn a_bomb_is_one_wherever_it_is_cut() {
        let bomb = gzip(&vec![0; 3 << 20]);
        let whole = decode(&[Coding::Gzip], &bomb, bomb.len());
        assert_eq!(whole.2, Some(BodyFault::Bomb));
        for step in [1, 100, 1460] {
            assert_eq!(decode(&[Coding::Gzip], &bomb, step), whole, "{step}");
        }
    }

    #[test]
    fn a_short_body_under_a_false_coding_is_given_as_it_is() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            for body in [b"a".as_slice(), b"id=1 OR 1"] {
                let (bytes, _, fault) = decode(&[coding], body, 2);
                assert_eq!((bytes.as_slice(), fault), (body, Some(BodyFault::UnknownCoding)), "{coding:?}");
            }
        }
    }

    #[test]
    fn an_unknown_coding_leaves_the_bytes_as_they_came() {
        assert_eq!(
            decode(&[Coding::Unknown], b"abc", 2),
            (b"abc".to_vec(), 3, Some(BodyFault::UnknownCoding))
        );
    }

    #[test]
    fn a_coding_that_was_announced_and_not_applied_hides_nothing() {
        for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
            let (bytes, _, fault) = decode(&[coding], b"id=1' OR '1'='1' --", 3);
            assert_eq!(
                (bytes.as_slice(), fault),
                (&b"id=1' OR '1'='1' --"[..], Some(BodyFault::UnknownCoding)),
                "{coding:?}"
            );
        }
        assert_eq!(decode(&[Coding::Gzip, Coding::Gzip], &gzip(b"once"), 5).0, b"once");
    }

    #[test]
    fn damage_keeps_what_came_before_it() {
        let plain: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut coded = gzip(&plain);
        let half = coded.len() / 2;
        coded[half..].fill(0xff);
        let (kept, len, fault) = decode(&[Coding::Gzip], &coded, 1460);
        assert_eq!((kept, fault), (plain[..1000].to_vec(), Some(BodyFault::Damaged)));
        assert!(len > 1000);
    }
}
