use std::ops::Range;

use super::Subject;
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Expressions that each add a weight, for judgements that no single sign carries alone.
///
/// They run over lower-cased bytes, `.` meets line ends, and matching is linear.
pub(super) struct Patterns {
    set: RegexSet,
    each: Vec<(u32, Regex)>,
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
        let set = RegexSetBuilder::new(weighted.iter().map(|(_, pattern)| pattern))
            .unicode(false)
            .dot_matches_new_line(true)
            .build();
        let each = weighted.iter().map(|(weight, pattern)| {
            let regex = RegexBuilder::new(pattern).unicode(false).dot_matches_new_line(true).build();
            (*weight, regex.expect("constant expression"))
        });
        Self { each: each.collect(), set: set.expect("constant expressions") }
    }

    pub(super) fn score(&self, text: &[u8]) -> Option<Score> {
        let matched = self.set.matches(text);
        let hits = || matched.iter().filter_map(|index| self.each.get(index));
        let total = hits().map(|(weight, _)| weight).sum();
        let (_, heaviest) = hits().max_by_key(|(weight, _)| *weight)?;
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
