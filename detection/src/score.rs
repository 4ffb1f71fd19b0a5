//! Weak signs that add up: a linear score over the tokens and short runs of bytes of each value.
//!
//! It finds what no rule was written for; what it finds it shows: the family of attacks, and the stretches that spoke
//! for it most. Its weights are statistics that `cargo xtask train` makes of a labelled corpus.

mod token;
mod vocabulary;
mod weights;
mod window;

use std::{collections::HashSet, ops::Range};

use portcullis_exchange::Request;

pub use self::weights::{FAMILIES, FAMILY_PLACES, FEWEST, PLACES, UNIT, Weights, family_place, place, tag};
use self::window::{At, Window};
use crate::view::Views;

/// What the score calls an attack, in the order of the table's columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Sql,
    Script,
    Command,
    File,
    Code,
    Entity,
    Query,
    Address,
}

impl Family {
    pub const ALL: [Self; FAMILIES] = [
        Self::Sql,
        Self::Script,
        Self::Command,
        Self::File,
        Self::Code,
        Self::Entity,
        Self::Query,
        Self::Address,
    ];
}

/// The value that scored highest, and why.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) family: Family,
    pub(crate) field: usize,
    pub(crate) view: usize,
    /// What spoke for it most, in the view's bytes; heaviest first.
    pub(crate) strongest: Vec<Range<usize>>,
}

/// How many stretches are shown.
const SHOWN: usize = 3;

/// The request's highest score, if it passes the threshold.
pub(crate) fn judge(views: &Views<'_>) -> Option<Found> {
    let weights = Weights::builtin()?;
    let mut scorer = None;
    let mut best: Option<(i32, Found)> = None;
    window::each(views, &mut |at, window| {
        let score = scorer.get_or_insert_with(Scorer::default).window(weights, window);
        if score > weights.threshold && best.as_ref().is_none_or(|(known, _)| score > *known) {
            best = Some((score, explain(weights, at, window)));
        }
    });
    best.map(|(_, found)| found)
}

/// Adds windows up; of each place that a window touches, once.
pub struct Scorer {
    bits: Vec<u64>,
    touched: Vec<usize>,
    sum: i32,
}

impl Default for Scorer {
    fn default() -> Self {
        Self { bits: vec![0; PLACES / 64], touched: Vec::with_capacity(512), sum: 0 }
    }
}

impl Scorer {
    /// The score of a window with these runs.
    pub fn score(&mut self, weights: &Weights, hashes: impl Iterator<Item = u32>) -> i32 {
        for hash in hashes {
            self.touch(weights, hash);
        }
        self.finish(weights)
    }

    fn window(&mut self, weights: &Weights, window: &Window<'_>) -> i32 {
        window.each_run(&mut |hash, _| self.touch(weights, hash));
        self.finish(weights)
    }

    fn touch(&mut self, weights: &Weights, hash: u32) {
        let place = place(hash);
        if let Some(word) = self.bits.get_mut(place / 64)
            && *word & (1 << (place % 64)) == 0
        {
            *word |= 1 << (place % 64);
            self.touched.push(place);
            self.sum += weights.of(hash);
        }
    }

    fn finish(&mut self, weights: &Weights) -> i32 {
        let score = weights.score(self.sum, self.touched.len());
        self.sum = 0;
        for place in self.touched.drain(..) {
            if let Some(word) = self.bits.get_mut(place / 64) {
                *word = 0;
            }
        }
        score
    }
}

fn explain(weights: &Weights, at: At, window: &Window<'_>) -> Found {
    let mut runs: Vec<(i32, Range<usize>)> = Vec::new();
    let mut families = [0_i32; FAMILIES];
    let mut seen = HashSet::new();
    window.each_run(&mut |hash, range| {
        if seen.insert(hash) {
            for (sum, weight) in families.iter_mut().zip(weights.of_families(hash)) {
                *sum += i32::from(*weight);
            }
            runs.push((weights.of(hash), range));
        }
    });
    runs.sort_by_key(|(weight, range)| (-*weight, range.start));
    let mut strongest: Vec<Range<usize>> = Vec::new();
    for (_, range) in runs.into_iter().filter(|(weight, range)| *weight > 0 && !range.is_empty()) {
        if strongest.iter().all(|known| range.end <= known.start || known.end <= range.start) {
            strongest.push(range);
        }
        if strongest.len() == SHOWN {
            break;
        }
    }
    let family = Family::ALL.into_iter().zip(families).max_by_key(|(_, sum)| *sum);
    let family = family.map_or(Family::Code, |(family, _)| family);
    Found { family, field: at.field, view: at.view, strongest }
}

/// The hashes of the runs of every window of a request, each window without repetition: what training learns from.
pub fn windows(request: &Request) -> Vec<Vec<u32>> {
    let views = Views::of(request, None);
    let mut all = Vec::new();
    window::each(&views, &mut |_, window| {
        let mut hashes = Vec::new();
        window.each_run(&mut |hash, _| hashes.push(hash));
        hashes.sort_unstable();
        hashes.dedup();
        all.push(hashes);
    });
    all.sort_unstable();
    all.dedup();
    all
}
