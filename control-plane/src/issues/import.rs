//! Findings of other tools, from their files.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_detection::Severity;
use portcullis_proto::v1::EndpointName;

use super::{endpoint, nuclei, redact::redacted, sarif};
use crate::{
    clock::EpochMillis,
    store::{Findings, IssueSource, Observation, Weakness},
};

/// What the reply names of what was skipped; the rest is only counted.
const MAX_SKIPPED_SHOWN: usize = 100;
/// Of each text that is kept: evidence is to be read, not archived.
const MAX_TEXT: usize = 16 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// SARIF 2.1.0 (OASIS), of scanners of source code and of running APIs.
    Sarif,
    /// One JSON object a line, as `nuclei -jsonl` writes it.
    Nuclei,
}

/// Nothing of the file was taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error("is no JSON: {0}")]
    Json(serde_json::Error),
    #[error("is no SARIF 2.1: {0}")]
    Sarif(String),
    #[error("has no line that is a finding of nuclei; line {line}: {problem}")]
    Nuclei { line: usize, problem: String },
}

/// A finding that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// `line 3`, `runs[0].results[7]`.
    pub place: String,
    pub problem: String,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct Imported {
    pub weaknesses: BTreeMap<String, Weakness>,
    pub observations: Vec<Observation>,
    pub skipped: Vec<Skipped>,
    pub skipped_count: u64,
}

impl Imported {
    pub(super) fn skip(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.skipped_count += 1;
        if self.skipped.len() < MAX_SKIPPED_SHOWN {
            self.skipped.push(Skipped { place: place.into(), problem: problem.into() });
        }
    }

    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        self.observations.iter().map(|one| one.place.host.clone()).filter(|host| !host.is_empty()).collect()
    }

    /// Puts findings where sensors know the endpoint: `/users/anna` may be one of `/users/{id}`.
    pub(crate) fn settle_on(&mut self, known: &[EndpointName]) {
        for one in &mut self.observations {
            if let Some(template) = endpoint::known(&one.place, known) {
                one.place.template = template.to_owned();
            }
        }
    }

    pub(crate) fn into_findings(self, at: EpochMillis) -> Findings {
        Findings {
            source: IssueSource::Import,
            at,
            weaknesses: self.weaknesses.into_values().collect(),
            observations: self.observations,
        }
    }
}

/// `now`: when findings without a time of their own were made.
pub(crate) fn read(format: Format, text: &str, now: EpochMillis) -> Result<Imported, ImportError> {
    match format {
        Format::Sarif => sarif::read(text, now),
        Format::Nuclei => nuclei::read(text, now),
    }
}

/// RFC 3339. What lies ahead of our clock is now: a finding of tomorrow would stand above all proof of today.
pub(super) fn time(text: &str, now: EpochMillis) -> Option<EpochMillis> {
    let at = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    let millis = i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()?;
    Some(EpochMillis::from_millis(millis).min(now))
}

pub(super) fn severity(word: &str) -> Option<Severity> {
    match word.to_ascii_lowercase().as_str() {
        "critical" => Some(Severity::Critical),
        "high" => Some(Severity::High),
        "medium" => Some(Severity::Medium),
        "low" | "info" | "unknown" => Some(Severity::Low),
        _ => None,
    }
}

pub(super) fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT)).unwrap_or_default().to_owned()
}

/// Of what was sent or answered.
pub(super) fn sample(text: &str) -> String {
    redacted(&cut(text))
}
