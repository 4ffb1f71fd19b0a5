use serde_json::json;

use super::super::listed;
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, terminal::Tone, when},
    reply::{AlertList, CoverageAlert},
};

const LIST: &str = "fetchCoverageAlerts";
const ACCEPT: &str = "acceptCoverageAlert";

const COLUMNS: &[Column] = &[
    Column::whole("ID"),
    Column::whole("SEVERITY"),
    Column::cut("NODE", 8),
    Column::whole("KIND"),
    Column::cut("WHAT", 20),
    Column::whole("SINCE").spare(1),
    Column::whole("UNTIL").spare(2),
];

pub(super) fn list(client: &Client, closed: bool, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: AlertList = client.call_for(LIST, &json!({ "closed": closed, "limit": 1000 }))?;
    let fields = |alert: &CoverageAlert| {
        let until = match alert.closed_at {
            Some(at) => (when::stamp(at), None),
            None => ("open".to_owned(), Some(Tone::Bad)),
        };
        vec![
            (alert.id.to_string(), None),
            (alert.severity.clone(), None),
            (alert.node.clone(), None),
            (alert.kind.clone(), None),
            (alert.detail.clone(), None),
            (when::stamp(alert.opened_at), None),
            until,
        ]
    };
    if listed::show(client, LIST, list.alerts, COLUMNS, output, fields)? == 0
        && output.format == Format::Table
    {
        output.note("no alert: every sensor sees and blocks all that it should");
    }
    Ok(Outcome::Done)
}

pub(super) fn accept(client: &Client, id: u64, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(ACCEPT, &json!({ "id": id }))?;
    match output.format {
        Format::Table => output.note(&format!("alert {id} is closed: what the sensor does now is meant so")),
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}
