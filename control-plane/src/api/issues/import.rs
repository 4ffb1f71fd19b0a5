use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    ApiError,
    endpoint::{Call, Reply},
};
use crate::{
    clock::EpochMillis,
    issues::{self, Format},
    store::Verdict,
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Document {
    /// `sarif` (2.1.0) or `nuclei` (JSON lines).
    format: String,
    /// The file, as it is.
    document: String,
    /// Only tells what there is in it.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ImportedIssues)]
pub(in crate::api) struct Imported {
    found: u64,
    /// Looked for, and not there.
    clean: u64,
    /// What of the file proves nothing or cannot be read, with its place; at most 100.
    skipped: Vec<Skipped>,
    skipped_count: u64,
    created: u64,
    reopened: u64,
    fixed: u64,
    /// For lack of room: an account keeps at most 100,000 issues.
    left_out: u64,
    dry_run: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SkippedFinding)]
struct Skipped {
    place: String,
    problem: String,
}

/// `importIssues`: another tool's findings. The same file twice is as once.
pub(in crate::api) async fn import(call: Call) -> Reply<Imported> {
    crate::blocking::blocking(move || take(&call)).await
}

fn take(call: &Call) -> Reply<Imported> {
    let Document { format, document, dry_run } = call.keys()?;
    let format = match format.as_str() {
        "sarif" => Format::Sarif,
        "nuclei" => Format::Nuclei,
        other => return Err(ApiError::invalid("format", format_args!("{other:?} is none of sarif, nuclei"))),
    };
    let now = EpochMillis::now();
    let mut read =
        issues::read(format, &document, now).map_err(|problem| ApiError::invalid("document", problem))?;
    let hosts: Vec<String> = read.hosts().into_iter().collect();
    read.settle_on(&call.api.store.endpoint_names(&hosts)?);
    let of = |found: bool| {
        let all = read.observations.iter();
        all.filter(|one| matches!(one.verdict, Verdict::Found { .. }) == found).count() as u64
    };
    let mut imported = Imported {
        found: of(true),
        clean: of(false),
        skipped: Vec::new(),
        skipped_count: read.skipped_count,
        created: 0,
        reopened: 0,
        fixed: 0,
        left_out: 0,
        dry_run,
    };
    imported.skipped = std::mem::take(&mut read.skipped)
        .into_iter()
        .map(|one| Skipped { place: one.place, problem: one.problem })
        .collect();
    if !dry_run {
        let observed = call.api.store.observe(Some(&call.act()), read.into_findings(now))?;
        call.api.tickets.wake();
        imported.created = observed.created;
        imported.reopened = observed.reopened;
        imported.fixed = observed.fixed;
        imported.left_out = observed.left_out;
    }
    Ok(imported)
}
