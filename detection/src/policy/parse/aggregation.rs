use std::time::Duration;

use super::node::Source;
use crate::policy::{AggregationRule, Distinct, DistinctSource, PolicyError, yaml::Node};

/// A window's timestamps are kept one by one, so what a rule may ask for is bounded.
const MAX_MATCH_COUNT: u32 = 100_000;

pub(super) fn rules(source: &Source<'_>, node: Option<&Node>) -> Result<Vec<AggregationRule>, PolicyError> {
    let Some(node) = node else { return Ok(Vec::new()) };
    source.list(node, "aggregation_rules")?.iter().map(|item| rule(source, item)).collect()
}

fn rule(source: &Source<'_>, node: &Node) -> Result<AggregationRule, PolicyError> {
    let outer = source.fields(node, "aggregation_rules", &["rule"])?;
    let node = outer.required("rule", node.at)?;
    let fields = source.fields(node, "rule", &["name", "condition"])?;
    let name = fields.get("name").map_or(Ok(""), |node| source.text(node, "name"))?.to_owned();
    let condition = fields.required("condition", node.at)?;
    let fields =
        source.fields(condition, "condition", &["matchCount", "windowThreshold", "distinctIdentifier"])?;
    let count_node = fields.required("matchCount", condition.at)?;
    let match_count = source.count(count_node, "matchCount")?;
    if match_count > MAX_MATCH_COUNT {
        return Err(source.error(count_node, format!("matchCount: at most {MAX_MATCH_COUNT}")));
    }
    let minutes = source.count(fields.required("windowThreshold", condition.at)?, "windowThreshold")?;
    Ok(AggregationRule {
        name,
        match_count,
        window: Duration::from_secs(60 * u64::from(minutes)),
        distinct: fields.get("distinctIdentifier").map(|node| distinct(source, node)).transpose()?,
    })
}

fn distinct(source: &Source<'_>, node: &Node) -> Result<Distinct, PolicyError> {
    const SOURCES: [(&str, DistinctSource); 4] = [
        ("url", DistinctSource::Url),
        ("query_param", DistinctSource::QueryParam),
        ("request_headers", DistinctSource::RequestHeaders),
        ("request_payload", DistinctSource::RequestPayload),
    ];
    let fields = source.fields(node, "distinctIdentifier", &["count", "source", "key"])?;
    let count_node = fields.required("count", node.at)?;
    let count = source.count(count_node, "count")?;
    if count > MAX_MATCH_COUNT {
        return Err(source.error(count_node, format!("count: at most {MAX_MATCH_COUNT}")));
    }
    let word = source.word(fields.required("source", node.at)?, "source", &SOURCES.map(|(name, _)| name))?;
    let from =
        SOURCES.into_iter().find(|(name, _)| *name == word).map_or(DistinctSource::Url, |(_, source)| source);
    let key = match fields.get("key") {
        Some(node) => source.text(node, "key")?.to_owned(),
        None if from == DistinctSource::Url => String::new(),
        None => return Err(source.error(node, "distinctIdentifier: the key `key` is missing")),
    };
    Ok(Distinct { count, source: from, key })
}
