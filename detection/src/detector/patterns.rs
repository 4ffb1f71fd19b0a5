use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};

use super::Subject;
use crate::literals;

/// Expressions that each add a weight, for judgements that no single sign carries alone.
///
/// They run over lower-cased bytes, `.` meets line ends, and matching is linear. Each runs only where a literal occurs that
/// all its matches hold: one automaton of all of them together has more states than its cache, and then is ten times slower.
pub(super) struct Patterns {
    each: Vec<(u32, Regex)>,
    literals: AhoCorasick,
    /// By literal: the expression that it belongs to.
    owners: Vec<usize>,
    /// Expressions that no literal rules out.
    always: Vec<usize>,
}

/// The sum of the weights, and where the heaviest sign stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) total: u32,
    pub(super) at: Range<usize>,
}

/// A total that means: this is an attack.
pub(super) const SURE: u32 = 10;

impl Patterns {
    #[expect(clippy::expect_used, reason = "constant expressions; a test compiles every one of them")]
    pub(super) fn new(weighted: &[(u32, &str)]) -> Self {
        let (mut texts, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (index, (_, pattern)) in weighted.iter().enumerate() {
            match literals::required(pattern) {
                Some(required) => {
                    owners.extend(required.iter().map(|_| index));
                    texts.extend(required);
                }
                None => always.push(index),
            }
        }
        let each = weighted.iter().map(|(weight, pattern)| {
            let regex = RegexBuilder::new(pattern).unicode(false).dot_matches_new_line(true).build();
            (*weight, regex.expect("constant expression"))
        });
        Self {
            each: each.collect(),
            literals: AhoCorasickBuilder::new()
                .kind(Some(AhoCorasickKind::DFA))
                .build(texts)
                .expect("a few hundred literals"),
            owners,
            always,
        }
    }

    pub(super) fn score(&self, text: &[u8]) -> Option<Score> {
        let mut candidates = self.always.clone();
        let found = self.literals.find_overlapping_iter(text);
        candidates.extend(found.filter_map(|found| self.owners.get(found.pattern().as_usize()).copied()));
        candidates.sort_unstable();
        candidates.dedup();
        let candidates = candidates.into_iter().filter_map(|index| self.each.get(index));
        let hits: Vec<&(u32, Regex)> = candidates.filter(|(_, regex)| regex.is_match(text)).collect();
        let total = hits.iter().map(|(weight, _)| weight).sum();
        let (_, heaviest) = hits.into_iter().max_by_key(|(weight, _)| *weight)?;
        let found = heaviest.find(text)?;
        Some(Score { total, at: found.range() })
    }

    /// Where the weights reach [`SURE`], or half as much again in a document.
    pub(super) fn find_in(&self, subject: &Subject<'_>) -> Option<Range<usize>> {
        let needed = if subject.is_document() { SURE + SURE / 2 } else { SURE };
        self.score(subject.lower).filter(|score| score.total >= needed).map(|score| score.at)
    }

    /// Where the weights reach [`SURE`].
    pub(super) fn find(&self, text: &[u8]) -> Option<Range<usize>> {
        self.score(text).filter(|score| score.total >= SURE).map(|score| score.at)
    }
}
