use std::{
    io::{self, Read as _},
    path::Path,
};

use serde_json::json;

use super::word;
use crate::{
    cli::FindingFormat,
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output},
    reply::ImportedIssues,
};

const IMPORT: &str = "importIssues";

pub(super) fn run(
    client: &Client,
    file: &Path,
    format: Option<FindingFormat>,
    dry_run: bool,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let format = format.or_else(|| by_name(file)).ok_or_else(|| {
        Failure::Usage(format!("{}: say what it holds: --format sarif or nuclei", file.display()))
    })?;
    let request = json!({"format": word(&format).to_lowercase(), "document": read(file)?, "dryRun": dry_run});
    let reply = client.call(IMPORT, &request)?;
    let told: ImportedIssues = client.parse(IMPORT, reply.clone())?;
    match output.format {
        Format::Table => tell(&told, dry_run, output),
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(if told.skipped_count + told.left_out == 0 { Outcome::Done } else { Outcome::Partly })
}

fn tell(told: &ImportedIssues, dry_run: bool, output: &mut Output<'_>) {
    for one in &told.skipped {
        output.note(&format!("{}: {}", one.place, one.problem));
    }
    let more = told.skipped_count.saturating_sub(told.skipped.len() as u64);
    if more > 0 {
        output.note(&format!("and {more} more were skipped"));
    }
    let there = format!("{} findings, {} times looked for in vain", told.found, told.clean);
    if dry_run {
        output.note(&format!("{there}; nothing was changed"));
        return;
    }
    output.note(&format!(
        "{there}: {} new issues, {} reopened, {} fixed",
        told.created, told.reopened, told.fixed
    ));
    if told.left_out > 0 {
        output.note(&format!("{} found no room: an account keeps at most 100,000 issues", told.left_out));
    }
}

fn by_name(file: &Path) -> Option<FindingFormat> {
    match file.extension()?.to_str()? {
        "sarif" | "json" => Some(FindingFormat::Sarif),
        "jsonl" | "ndjson" => Some(FindingFormat::Nuclei),
        _ => None,
    }
}

fn read(file: &Path) -> Result<String, Failure> {
    let usage = |error: io::Error| Failure::Usage(format!("cannot read {}: {error}", file.display()));
    if file == Path::new("-") {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text).map_err(usage)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(usage)
}
