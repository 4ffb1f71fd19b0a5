//! What pages count, from the roll-ups; the edges of a range from the events themselves.

mod actors;
mod distinct;
mod endpoints;

use std::collections::BTreeMap;

use portcullis_detection::Severity;
use rusqlite::Connection;

pub(super) use self::{
    actors::{actors, actors_per_country, daily_actors},
    distinct::values,
    endpoints::endpoints,
};
use super::{
    codes,
    events::{Tally, kinds, kinds_of},
};
use crate::{
    clock::TimeRange,
    store::{CategoryCount, DayCount, Result},
};

/// Days in order, on each the most frequent first.
pub(super) fn timeline(view: &Connection, range: TimeRange, policies: &[String]) -> Result<Vec<DayCount>> {
    let kinds = kinds(view)?;
    let mut counts: BTreeMap<_, i64> = BTreeMap::new();
    for (day, kind, _, count) in Tally::of(view, range, kinds_of(policies, &kinds).as_ref())?.iter() {
        let name = kinds.get(&kind).map(|kind| kind.sub_category.as_str()).unwrap_or_default();
        *counts.entry((day, name)).or_default() += count;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|((day, name), count)| (*day, std::cmp::Reverse(*count), *name));
    Ok(counts
        .into_iter()
        .map(|((day, name), count)| DayCount {
            day: day.start(),
            sub_category: name.to_owned(),
            count: codes::count(count),
        })
        .collect())
}

pub(super) fn severities(
    view: &Connection,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<(Severity, u64)>> {
    let kinds = kinds(view)?;
    let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
    for (_, kind, _, count) in Tally::of(view, range, kinds_of(policies, &kinds).as_ref())?.iter() {
        if let Some(kind) = kinds.get(&kind) {
            *counts.entry(codes::severity(kind.severity)).or_default() += count;
        }
    }
    counts
        .into_iter()
        .rev()
        .map(|(code, count)| Ok((codes::severity_of(code)?, codes::count(count))))
        .collect()
}

pub(super) fn categories(
    view: &Connection,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<CategoryCount>> {
    let kinds = kinds(view)?;
    let mut counts: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for (_, kind, _, count) in Tally::of(view, range, kinds_of(policies, &kinds).as_ref())?.iter() {
        if let Some(kind) = kinds.get(&kind) {
            *counts.entry((&kind.category, &kind.sub_category)).or_default() += count;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(names, count)| (std::cmp::Reverse(*count), *names));
    Ok(counts
        .into_iter()
        .map(|((category, sub_category), count)| CategoryCount {
            category: category.to_owned(),
            sub_category: sub_category.to_owned(),
            count: codes::count(count),
        })
        .collect())
}
