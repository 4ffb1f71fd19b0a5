//! `differences.tsv`, and the causes that README.md explains.

use std::collections::BTreeSet;

use crate::difference::Difference;

const TABLE: &str = include_str!("differences.tsv");
const README: &str = include_str!("README.md");

pub(crate) struct Row {
    pub(crate) capture: &'static str,
    pub(crate) transaction: &'static str,
    pub(crate) reference: &'static str,
    pub(crate) ours: &'static str,
    /// Packet numbers, as `tcpdump -# -r` counts them.
    pub(crate) packets: &'static str,
    /// A section of README.md.
    pub(crate) cause: &'static str,
}

impl Row {
    pub(crate) fn into_difference(self) -> Difference {
        Difference {
            capture: self.capture.to_owned(),
            transaction: self.transaction.to_owned(),
            reference: self.reference.to_owned(),
            ours: self.ours.to_owned(),
        }
    }
}

pub(crate) fn rows() -> impl Iterator<Item = Row> {
    TABLE.lines().skip(1).map(|line| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().unwrap_or_else(|| panic!("differences.tsv lacks a column: {line}"));
        let (capture, transaction, reference) = (next(), next(), next());
        let (ours, packets, cause, _why) = (next(), next(), next(), next());
        Row { capture, transaction, reference, ours, packets, cause }
    })
}

/// The keys that README.md has a section for.
pub(crate) fn causes() -> BTreeSet<&'static str> {
    README.lines().filter_map(|line| line.strip_prefix("### ")).map(|title| title.trim_matches('`')).collect()
}
