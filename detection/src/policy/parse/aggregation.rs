use std::time::Duration;

use super::node::{Fields, Source};
use crate::policy::{
    AggregationRule, Distinct, DistinctSource, GroupBy, Mode, Policy, PolicyError, yaml::Node,
};

/// Past this a rule is a typing error: no window of a day sees as many matches of one actor and is any use.
const MAX_MATCH_COUNT: u32 = 10_000_000;
/// A month, in minutes.
const MAX_WINDOW: u32 = 31 * 24 * 60;

pub(super) fn rules(source: &Source<'_>, node: Option<&Node>) -> Result<Vec<AggregationRule>, PolicyError> {
    let Some(node) = node else { return Ok(Vec::new()) };
    source.list(node, "aggregation_rules")?.iter().map(|item| rule(source, item)).collect()
}

/// A window of several actors names nobody: whose match filled it would be blocked for all of them.
pub(super) fn must_name_whom_to_block(
    source: &Source<'_>,
    top: &Fields<'_>,
    policy: &Policy,
) -> Result<(), PolicyError> {
    let nobody = policy.aggregation.iter().find(|rule| !rule.group_by.contains(&GroupBy::Actor));
    match (policy.mode, nobody, top.get("aggregation_rules")) {
        (Mode::Block, Some(_), Some(node)) => {
            let message =
                "groupBy: a policy with `mode: block` must have `actor` in it, or nobody is named to block";
            Err(source.error(node, message))
        }
        _ => Ok(()),
    }
}

fn rule(source: &Source<'_>, node: &Node) -> Result<AggregationRule, PolicyError> {
    let outer = source.fields(node, "aggregation_rules", &["rule"])?;
    let node = outer.required("rule", node.at)?;
    let fields = source.fields(node, "rule", &["name", "condition", "groupBy"])?;
    let name = fields.get("name").map_or(Ok(""), |node| source.text(node, "name"))?.to_owned();
    let condition = fields.required("condition", node.at)?;
    let outer_group = fields.get("groupBy");
    let known = ["matchCount", "windowThreshold", "distinctIdentifier", "groupBy"];
    let fields = source.fields(condition, "condition", &known)?;
    let count_node = fields.required("matchCount", condition.at)?;
    let match_count = source.count(count_node, "matchCount")?;
    if match_count > MAX_MATCH_COUNT {
        return Err(source.error(count_node, format!("matchCount: at most {MAX_MATCH_COUNT}")));
    }
    let window_node = fields.required("windowThreshold", condition.at)?;
    let minutes = source.count(window_node, "windowThreshold")?;
    if minutes > MAX_WINDOW {
        return Err(source.error(window_node, format!("windowThreshold: at most {MAX_WINDOW} minutes")));
    }
    let group_by = match (outer_group, fields.get("groupBy")) {
        (Some(_), Some(second)) => {
            return Err(source.error(second, "groupBy: stands beside `condition` already"));
        }
        (Some(node), None) | (None, Some(node)) => group_by(source, node)?,
        (None, None) => vec![GroupBy::Actor],
    };
    Ok(AggregationRule {
        name,
        match_count,
        window: Duration::from_secs(60 * u64::from(minutes)),
        group_by,
        distinct: fields.get("distinctIdentifier").map(|node| distinct(source, node)).transpose()?,
    })
}

fn group_by(source: &Source<'_>, node: &Node) -> Result<Vec<GroupBy>, PolicyError> {
    let mut groups = Vec::new();
    for item in source.list_or_one(node) {
        let word = source.word(item, "groupBy", &GroupBy::ALL.map(GroupBy::name))?;
        let group = GroupBy::ALL.into_iter().find(|group| group.name() == word);
        groups.extend(group.filter(|group| !groups.contains(group)));
    }
    if groups.is_empty() {
        return Err(source.error(node, "groupBy: is empty; leave it out to count each actor's matches"));
    }
    Ok(groups)
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
