//! One pass over an answer for all signs at once, and a bounded look around what it found.

use std::{ops::Range, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use regex::bytes::{Regex, RegexBuilder};

use super::signs::Family;
use crate::sensitive::TOKEN_GATES;

/// What systems print, as opposed to what texts about them say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// Lower-case literals of which one stands in every match. Without any, the pattern is tried at the answer's start.
    pub(super) gates: &'static [&'static str],
    pub(super) pattern: &'static str,
}

pub(super) const fn sign(gates: &'static [&'static str], pattern: &'static str) -> Sign {
    Sign { gates, pattern }
}

/// How far from its gate a sign may begin and end.
const BEFORE: usize = 512;
const AFTER: usize = 1024;
/// Windows that each sign is looked for in. An answer of nothing but gates costs this and no more.
const MAX_WINDOWS: usize = 8;

static SIGNS: LazyLock<Signs> = LazyLock::new(Signs::new);

struct Signs {
    automaton: AhoCorasick,
    /// By pattern of the automaton: the signs that it is a gate of.
    gated: Vec<Vec<usize>>,
    /// Patterns from here on are beginnings of tokens.
    first_token: usize,
    compiled: Vec<(Family, Regex)>,
    /// The signs without gates.
    at_start: Vec<usize>,
}

/// Where in one text gates of signs stand.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Sign and window; ordered by sign.
    windows: Vec<(usize, Range<usize>)>,
    /// [`Family::bit`]s of the signs that have windows.
    families: u64,
    /// Whether a token may begin anywhere.
    pub(crate) may_hold_tokens: bool,
}

impl Scan {
    pub(crate) fn of(text: &[u8]) -> Self {
        let signs = &*SIGNS;
        let mut by_sign: Vec<Vec<Range<usize>>> = Vec::new();
        let mut may_hold_tokens = false;
        for hit in signs.automaton.find_overlapping_iter(text) {
            may_hold_tokens |= hit.pattern().as_usize() >= signs.first_token;
            for sign in signs.gated.get(hit.pattern().as_usize()).into_iter().flatten() {
                if by_sign.is_empty() {
                    by_sign.resize_with(signs.compiled.len(), Vec::new);
                }
                let Some(windows) = by_sign.get_mut(*sign) else { continue };
                let window =
                    hit.start().saturating_sub(BEFORE)..hit.end().saturating_add(AFTER).min(text.len());
                // Where one window runs into the next, they are one, up to a bound.
                let joined =
                    windows.last_mut().filter(|last| window.start < last.end && last.len() < 4 * AFTER);
                if let Some(last) = joined {
                    last.end = window.end;
                } else if windows.len() < MAX_WINDOWS {
                    windows.push(window);
                }
            }
        }
        let windows = by_sign.into_iter().enumerate();
        let mut windows: Vec<_> = windows
            .flat_map(|(sign, windows)| windows.into_iter().map(move |window| (sign, window)))
            .collect();
        let start = 0..text.len().min(AFTER);
        let at_start = signs.at_start.iter().filter(|sign| signs.is_in(**sign, text, &start));
        windows.extend(at_start.map(|sign| (*sign, start.clone())));
        let family = |sign: usize| signs.compiled.get(sign).map_or(0, |(family, _)| family.bit());
        let families = windows.iter().fold(0, |all, (sign, _)| all | family(*sign));
        Self { windows, families, may_hold_tokens }
    }

    /// The first sign of a family, in the order in which the family lists them.
    pub(crate) fn first(&self, family: Family, text: &[u8]) -> Option<Range<usize>> {
        if self.families & family.bit() == 0 {
            return None;
        }
        self.windows.iter().find_map(|(sign, window)| {
            let (of, regex) = SIGNS.compiled.get(*sign)?;
            if *of != family {
                return None;
            }
            // The text before the window stays in view, or `^` would hold at every window's start.
            let found = regex.find_at(text.get(..window.end)?, window.start)?;
            Some(found.range())
        })
    }
}

impl Signs {
    fn is_in(&self, sign: usize, text: &[u8], window: &Range<usize>) -> bool {
        let text = text.get(window.clone()).unwrap_or_default();
        self.compiled.get(sign).is_some_and(|(_, regex)| regex.is_match(text))
    }

    #[expect(clippy::expect_used, reason = "constant expressions; a test compiles every one of them")]
    fn new() -> Self {
        let mut at_start = Vec::new();
        let (mut literals, mut gated, mut compiled) =
            (Vec::<&str>::new(), Vec::<Vec<usize>>::new(), Vec::new());
        for family in Family::ALL {
            for sign in family.signs() {
                for gate in sign.gates {
                    let known = literals.iter().position(|literal| literal == gate);
                    let at = known.unwrap_or_else(|| {
                        literals.push(gate);
                        gated.push(Vec::new());
                        literals.len() - 1
                    });
                    if let Some(signs) = gated.get_mut(at) {
                        signs.push(compiled.len());
                    }
                }
                if sign.gates.is_empty() {
                    at_start.push(compiled.len());
                }
                let regex = RegexBuilder::new(sign.pattern).unicode(false).build();
                compiled.push((family, regex.expect("constant expression")));
            }
        }
        let first_token = literals.len();
        // One that is a gate as well stands here a second time.
        literals.extend(TOKEN_GATES);
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .expect("a few thousand bytes of literals");
        Self { automaton, gated, first_token, compiled, at_start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_compiles_and_has_a_gate_in_lower_case() {
        assert!(SIGNS.compiled.len() > 100);
        for sign in Family::ALL.into_iter().flat_map(Family::signs) {
            let is_anchored = sign.pattern.starts_with("\\A") || sign.pattern.starts_with("(?i)\\A");
            assert!(is_anchored || !sign.gates.is_empty(), "{}", sign.pattern);
            for gate in sign.gates {
                assert!(gate.len() >= 2 && gate.to_ascii_lowercase() == **gate, "{gate}");
            }
        }
    }

    #[test]
    fn a_sign_far_into_an_answer_is_found_at_its_place() {
        let mut text = vec![b'x'; 300_000];
        text.extend_from_slice(b"\nroot:x:0:0:root:/root:/bin/bash\n");
        let found = Scan::of(&text).first(Family::Accounts, &text).unwrap();
        assert_eq!(text.get(found.start..found.start + 4).unwrap(), b"\nroo");
    }

    #[test]
    fn an_answer_of_nothing_but_gates_is_looked_at_a_few_times_only() {
        let text = b"root: ORA- password uid= ".repeat(40_000);
        let scan = Scan::of(&text);
        let looked: usize = scan.windows.iter().map(|(_, window)| window.len()).sum();
        assert!(looked <= SIGNS.compiled.len() * MAX_WINDOWS * 6 * AFTER, "{looked}");
        assert_eq!(scan.first(Family::Accounts, &text), None);
    }
}
