use std::io::{self, Write};

use anyhow::Context;
use serde::Serialize;

use crate::clock::EpochMillis;

/// Data, on standard output.
pub fn say(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{line}").context("standard output is closed")
}

/// A list as one JSON array.
pub(super) fn json(rows: impl Iterator<Item = impl Serialize>) -> anyhow::Result<()> {
    say(&serde_json::to_string_pretty(&rows.collect::<Vec<_>>())?)
}

/// A JSON object a line.
pub(super) fn jsonl(mut rows: impl Iterator<Item = impl Serialize>) -> anyhow::Result<()> {
    rows.try_for_each(|row| say(&serde_json::to_string(&row)?))
}

/// For people, on standard error.
pub fn note(line: &str) {
    // Nowhere to say it where standard error is closed.
    let _unsaid = writeln!(io::stderr(), "{line}");
}

pub(super) fn date(at: EpochMillis) -> String {
    time::OffsetDateTime::from_unix_timestamp(at.seconds())
        .map_or_else(|_| at.seconds().to_string(), |time| time.date().to_string())
}

pub(super) fn date_or(at: Option<EpochMillis>, never: &str) -> String {
    at.map_or_else(|| never.to_owned(), date)
}
