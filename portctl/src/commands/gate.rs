//! `portctl gate`: whether gates drop, or only count; and whether policies may block.

use serde_json::{Map, Value, json};

use super::pushed;
use crate::{
    cli::{Gate, GateVerb, Wait},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows},
    reply::Pushed,
};

const SHOW: &str = "fetchGateMode";
const SET: &str = "setGateMode";
const ARM: &str = "armAutomaticBlocking";

const MODE_COLUMNS: &[Column] = &[Column::whole("MODE"), Column::whole("SENSORS"), Column::whole("REVISION")];
const ARM_COLUMNS: &[Column] =
    &[Column::cut("ARMED", 8), Column::whole("SENSORS"), Column::whole("REVISION")];

pub(super) fn run(client: &Client, verb: &Gate, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Gate::Mode(GateVerb { mode: None, .. }) => show(client, output),
        Gate::Mode(GateVerb { mode: Some(mode), wait }) => {
            let request = Map::from_iter([("mode".to_owned(), json!(mode.as_str()))]);
            push(client, SET, request, wait, mode.as_str(), MODE_COLUMNS, output)
        }
        Gate::Arm { node, wait } => {
            let request = node.iter().map(|node| ("node".to_owned(), json!(node))).collect();
            push(client, ARM, request, wait, node.as_deref().unwrap_or("all nodes"), ARM_COLUMNS, output)
        }
    }
}

fn push(
    client: &Client,
    endpoint: &'static str,
    mut request: Map<String, Value>,
    wait: &Wait,
    what: &str,
    columns: &'static [Column],
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    pushed::ask(wait, &mut request);
    let reply = client.call(endpoint, &Value::Object(request))?;
    let pushed: Pushed = client.parse(endpoint, reply.clone())?;
    let mut rows = Rows::new(output, Table::new(columns));
    rows.row(&reply, || {
        vec![(what.to_owned(), None), pushed::sensors(&pushed, wait), (pushed.revision.to_string(), None)]
    })?;
    rows.end()?;
    let short = pushed::shortfall(what, &pushed);
    short.iter().for_each(|note| output.note(note));
    Ok(if short.is_empty() { Outcome::Done } else { Outcome::Partly })
}

fn show(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(SHOW, &json!({}))?;
    let mode = reply.get("mode").and_then(Value::as_str).unwrap_or("not set: as each sensor was started");
    let shown = mode.to_owned();
    const COLUMNS: &[Column] = &[Column::whole("MODE")];
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    rows.row(&reply, || vec![(shown, None)])?;
    rows.end()?;
    Ok(Outcome::Done)
}
