//! From a located YAML tree to a [`Policy`]. Whatever is not understood is an error with its place: a policy that
//! is only half understood would be silently true or silently false.

mod aggregation;
mod anomaly;
mod examples;
mod filter;
mod info;
mod node;
mod operator;

use std::{sync::Arc, time::Duration};

use self::node::{Fields, Source};
use super::{Mode, Place, Policy, PolicyError, Rules, yaml};
use crate::evidence::EvidenceKind;

const TOP_LEVEL: [&str; 15] = [
    "id",
    "info",
    "filter",
    "success_filter",
    "failure_filter",
    "suspect_filter",
    "ignore",
    "wordLists",
    "aggregation_rules",
    "anomaly",
    "examples",
    "mode",
    "block",
    "enabled",
    "evidence",
];

/// Gives the policy and the place of its id.
pub(super) fn parse(file: &str, text: &str) -> Result<(Policy, Place), PolicyError> {
    let source = Source { file };
    let root = yaml::read(file, text)?;
    let top = source.fields(&root, "a policy", &TOP_LEVEL)?;
    let id_node = top.required("id", root.at)?;
    let id = source.text(id_node, "id")?;
    if id.trim().is_empty() {
        return Err(source.error(id_node, "id: is empty"));
    }
    let words = filter::Names::of(&source, &root, top.get("wordLists"))?;
    let tree = |key| top.get(key).map(|node| filter::filter(&source, node, &words)).transpose();
    let rules = Rules {
        filter: tree("filter")?,
        success: tree("success_filter")?,
        failure: tree("failure_filter")?,
        ignore: tree("ignore")?,
        suspect: tree("suspect_filter")?,
    };
    let mode = mode(&source, &top)?;
    let anomaly = anomaly::figure(&source, &top, mode)?;
    let has_filter = rules.filter.is_some() || rules.success.is_some() || rules.failure.is_some();
    if !has_filter && anomaly.is_none() {
        let message = "one of `filter`, `success_filter`, `failure_filter`, `anomaly` is missing";
        return Err(source.error(&root, message));
    }
    let evidence = evidence(&source, &top)?;
    if let Some(node) = top.get("suspect_filter").filter(|_| evidence.is_empty()) {
        let message = "suspect_filter: counts only with evidence; say which under `evidence:`";
        return Err(source.error(node, message));
    }
    let policy = Policy {
        id: id.trim().into(),
        info: Arc::new(info::info(&source, top.get("info"))?),
        source: text.into(),
        file: file.into(),
        mode,
        block_ttl: block_ttl(&source, &top)?,
        enabled: top.get("enabled").map_or(Ok(true), |node| source.bool(node, "enabled"))?,
        aggregation: aggregation::rules(&source, top.get("aggregation_rules"))?,
        anomaly,
        evidence,
        examples: examples::examples(&source, top.get("examples"))?,
        rules,
    };
    aggregation::must_name_whom_to_block(&source, &top, &policy)?;
    Ok((policy, id_node.at))
}

fn mode(source: &Source<'_>, top: &Fields<'_>) -> Result<Mode, PolicyError> {
    let Some(node) = top.get("mode") else { return Ok(Mode::default()) };
    match source.word(node, "mode", &["detect", "block"])? {
        "block" => Ok(Mode::Block),
        _ => Ok(Mode::Detect),
    }
}

fn block_ttl(source: &Source<'_>, top: &Fields<'_>) -> Result<Option<Duration>, PolicyError> {
    let Some(node) = top.get("block") else { return Ok(None) };
    let block = source.fields(node, "block", &["ttl"])?;
    let Some(node) = block.get("ttl") else { return Ok(None) };
    let text = source.text(node, "block.ttl")?;
    duration(text.trim()).map(Some).ok_or_else(|| {
        source.error(node, format!("block.ttl: `{text}` is no duration like `90s`, `15m`, `4h` or `1d`"))
    })
}

fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.char_indices().last()? {
        (_, digit) if digit.is_ascii_digit() => (text, 1),
        (at, 's') => (text.get(..at)?, 1),
        (at, 'm') => (text.get(..at)?, 60),
        (at, 'h') => (text.get(..at)?, 3600),
        (at, 'd') => (text.get(..at)?, 86_400),
        _ => return None,
    };
    let seconds = number.trim().parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds > 0).then_some(Duration::from_secs(seconds))
}

fn evidence(source: &Source<'_>, top: &Fields<'_>) -> Result<Vec<EvidenceKind>, PolicyError> {
    let Some(node) = top.get("evidence") else { return Ok(Vec::new()) };
    let known = EvidenceKind::ALL.map(EvidenceKind::name);
    let mut kinds = Vec::new();
    for item in source.list_or_one(node) {
        let word = source.word(item, "evidence", &known)?;
        kinds.extend(EvidenceKind::ALL.into_iter().find(|kind| kind.name() == word));
    }
    Ok(kinds)
}
