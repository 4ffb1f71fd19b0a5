//! `portctl capture`: how much of which traffic sensors look at.

use serde_json::{Map, Value, json};

use super::listed;
use crate::{
    cli::{CaptureVerb, Matched},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, table::Field, when},
    reply::{Applied, CaptureRule, CaptureRules},
};

const LIST: &str = "fetchCaptureRules";
const SET: &str = "setCaptureRule";
const REMOVE: &str = "removeCaptureRule";

const COLUMNS: &[Column] = &[
    Column::whole("CIDR"),
    Column::whole("PORT"),
    Column::whole("MODE"),
    Column::cut("REASON", 10).spare(1),
    Column::cut("AUTHOR", 6).spare(2),
    Column::whole("SINCE").spare(3),
];

pub(super) fn run(client: &Client, verb: &CaptureVerb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        CaptureVerb::List => list(client, output),
        CaptureVerb::Set { mode, matched, reason } => {
            let mut request = named(matched);
            request.insert("mode".to_owned(), json!(mode.as_str()));
            request.extend(reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
            change(client, SET, request, output)
        }
        CaptureVerb::Remove { matched } => change(client, REMOVE, named(matched), output),
    }
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: CaptureRules = client.call_for(LIST, &json!({}))?;
    if listed::show(client, LIST, list.rules, COLUMNS, output, fields)? == 0 && output.format == Format::Table
    {
        output.note(
            "no rules: all traffic is looked at in full; set one with: portctl capture set off --port N",
        );
    }
    Ok(Outcome::Done)
}

/// Shows the rules as they are then.
fn change(
    client: &Client,
    endpoint: &'static str,
    request: Map<String, Value>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let changed: CaptureRules = client.call_for(endpoint, &Value::Object(request))?;
    listed::show(client, endpoint, changed.rules, COLUMNS, output, fields)?;
    let Applied { total, applied } = changed.sensors;
    if total > 0 && applied == total {
        return Ok(Outcome::Done);
    }
    output.note(&format!(
        "stored, and applied by {applied} of {total} sensors so far; see which is behind with: portctl sensors"
    ));
    Ok(Outcome::Partly)
}

fn fields(rule: &CaptureRule) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(rule.cidr.as_deref().unwrap_or("any")),
        plain(&rule.port.map_or_else(|| "any".to_owned(), |port| port.to_string())),
        plain(&rule.mode),
        plain(&rule.reason),
        plain(&rule.author),
        plain(&when::stamp(rule.created_at)),
    ]
}

fn named(matched: &Matched) -> Map<String, Value> {
    let mut request = Map::new();
    request.extend(matched.cidr.map(|cidr| ("cidr".to_owned(), json!(cidr.to_string()))));
    request.extend(matched.port.map(|port| ("port".to_owned(), json!(port))));
    request
}
