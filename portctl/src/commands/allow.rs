//! `portctl allow`: who is never dropped.

use serde_json::{Map, json};

use super::{block::change, import, listed, pushed};
use crate::{
    cli::Allow as Verb,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, when},
    reply::{AllowList, AllowedEntry},
};

pub(super) const ADD: &str = "addAllowed";
const REMOVE: &str = "removeAllowed";
const LIST: &str = "fetchAllowed";

const COLUMNS: &[Column] = &[
    Column::whole("CIDR"),
    Column::whole("SENSORS").spare(2),
    Column::cut("REASON", 10).spare(1),
    Column::cut("AUTHOR", 6).spare(3),
    Column::whole("SINCE").spare(4),
];

pub(super) fn run(client: &Client, verb: &Verb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Verb::Add { cidrs, reason, wait } => {
            change::each(client, ADD, cidrs, with_reason(reason.as_deref()), wait, output)
        }
        Verb::Import { import, reason, wait } => {
            import::run(client, import, &import::ALLOWED, with_reason(reason.as_deref()), wait, output)
        }
        Verb::Remove { cidrs, wait } => change::each(client, REMOVE, cidrs, Map::new(), wait, output),
        Verb::List => list(client, output),
    }
}

fn with_reason(reason: Option<&str>) -> Map<String, serde_json::Value> {
    reason.map(|reason| ("reason".to_owned(), json!(reason))).into_iter().collect()
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: AllowList = client.call_for(LIST, &json!({}))?;
    let fields = |entry: &AllowedEntry| {
        vec![
            (entry.cidr.clone(), None),
            pushed::counts(entry.sensors, 0),
            (entry.reason.clone(), None),
            (entry.author.clone(), None),
            (when::stamp(entry.created_at), None),
        ]
    };
    if listed::show(client, LIST, list.allowed, COLUMNS, output, fields)? == 0
        && output.format == Format::Table
    {
        output.note(
            "nobody is allowed besides what sensors always let pass; add one with: portctl allow add CIDR",
        );
    }
    Ok(Outcome::Done)
}
