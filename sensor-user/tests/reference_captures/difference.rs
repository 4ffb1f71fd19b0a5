//! Compares two lists of transactions, connection by connection.

use std::{collections::BTreeSet, fmt};

use crate::transaction::{Connection, Transaction, Transactions};

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Difference {
    pub(crate) capture: String,
    /// `SOURCE PORT > DESTINATION PORT/N`, N in the reference, or in ours for one that only we have.
    pub(crate) transaction: String,
    pub(crate) reference: String,
    pub(crate) ours: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\t{}\t{}\t{}", self.capture, self.transaction, self.reference, self.ours)
    }
}

pub(crate) fn between(reference: &Transactions, ours: &Transactions) -> Vec<Difference> {
    let connections: BTreeSet<_> = reference.keys().chain(ours.keys()).collect();
    connections
        .into_iter()
        .flat_map(|connection| {
            let left = reference.get(connection).map(Vec::as_slice).unwrap_or_default();
            let right = ours.get(connection).map(Vec::as_slice).unwrap_or_default();
            pairs(left, right).into_iter().filter_map(|pair| difference(connection, pair))
        })
        .collect()
}

/// A transaction with its place in its connection, on either side.
type Pair<'a> = (Option<(usize, &'a Transaction)>, Option<(usize, &'a Transaction)>);

/// Puts beside each other what is equal, in order; what lies between is paired as it comes.
fn pairs<'a>(left: &'a [Transaction], right: &'a [Transaction]) -> Vec<Pair<'a>> {
    let mut pairs = Vec::new();
    let (mut from_left, mut from_right) = (0, 0);
    let ends = std::iter::once((left.len(), right.len()));
    for (to_left, to_right) in longest_common(left, right).into_iter().chain(ends) {
        let between = (to_left - from_left).max(to_right - from_right);
        for n in 0..between {
            let take = |list: &'a [Transaction], from: usize, to: usize| {
                list.get(..to).and_then(|list| list.get(from + n)).map(|transaction| (from + n, transaction))
            };
            pairs.push((take(left, from_left, to_left), take(right, from_right, to_right)));
        }
        (from_left, from_right) = (to_left + 1, to_right + 1);
    }
    pairs
}

/// Places of the longest common subsequence.
fn longest_common(left: &[Transaction], right: &[Transaction]) -> Vec<(usize, usize)> {
    let width = right.len() + 1;
    let mut lengths = vec![0_usize; (left.len() + 1) * width];
    let at = |lengths: &[usize], l: usize, r: usize| lengths.get(l * width + r).copied().unwrap_or_default();
    for (l, from_left) in left.iter().enumerate().rev() {
        for (r, from_right) in right.iter().enumerate().rev() {
            let best = if from_left == from_right {
                at(&lengths, l + 1, r + 1) + 1
            } else {
                at(&lengths, l + 1, r).max(at(&lengths, l, r + 1))
            };
            if let Some(length) = lengths.get_mut(l * width + r) {
                *length = best;
            }
        }
    }
    let (mut l, mut r, mut common) = (0, 0, Vec::new());
    while let (Some(from_left), Some(from_right)) = (left.get(l), right.get(r)) {
        if from_left == from_right {
            common.push((l, r));
            (l, r) = (l + 1, r + 1);
        } else if at(&lengths, l + 1, r) >= at(&lengths, l, r + 1) {
            l += 1;
        } else {
            r += 1;
        }
    }
    common
}

/// Both present: the fields that differ. One alone: all that identifies it.
fn difference(connection: &Connection, (left, right): Pair<'_>) -> Option<Difference> {
    let n = left.or(right)?.0;
    let is_shown = |at: usize| match (left, right) {
        (Some((_, left)), Some((_, right))) => left.fields().get(at) != right.fields().get(at),
        _ => true,
    };
    let text = |side: Option<(usize, &Transaction)>| {
        side.map_or_else(
            || "nothing".to_owned(),
            |(_, transaction)| {
                let fields = transaction.fields();
                let shown = fields.iter().enumerate().filter(|(at, _)| is_shown(*at));
                shown.map(|(_, (name, value))| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
            },
        )
    };
    Some(Difference {
        capture: String::new(),
        transaction: format!("{connection}/{n}"),
        reference: text(left),
        ours: text(right),
    })
}
