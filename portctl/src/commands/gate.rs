//! `portctl gate`: whether gates drop, or only count.

use serde_json::{Map, Value, json};

use super::pushed;
use crate::{
    cli::{Gate, GateVerb},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows},
    reply::Pushed,
};

const SHOW: &str = "fetchGateMode";
const SET: &str = "setGateMode";

pub(super) fn run(client: &Client, verb: &Gate, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let Gate::Mode(GateVerb { mode, wait }) = verb;
    let Some(mode) = mode else { return show(client, output) };
    let mut request = Map::from_iter([("mode".to_owned(), json!(mode.as_str()))]);
    pushed::ask(wait, &mut request);
    let reply = client.call(SET, &Value::Object(request))?;
    let pushed: Pushed = client.parse(SET, reply.clone())?;
    const COLUMNS: &[Column] = &[Column::whole("MODE"), Column::whole("SENSORS"), Column::whole("REVISION")];
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    rows.row(&reply, || {
        vec![
            (mode.as_str().to_owned(), None),
            pushed::sensors(&pushed, wait),
            (pushed.revision.to_string(), None),
        ]
    })?;
    rows.end()?;
    let short = pushed::shortfall(mode.as_str(), &pushed);
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
