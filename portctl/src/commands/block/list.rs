use serde_json::json;

use super::sensors;
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, when},
    reply::{Block, Blocklist},
};

const LIST: &str = "fetchBlocklist";

const COLUMNS: &[Column] = &[
    Column::whole("CIDR"),
    Column::whole("ENDS"),
    Column::whole("SENSORS").spare(2),
    Column::whole("DROPPED").spare(3),
    Column::cut("REASON", 10).spare(1),
    Column::cut("AUTHOR", 6).spare(4),
    Column::whole("SINCE").spare(5),
];

pub(super) fn run(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: Blocklist = client.call_for(LIST, &json!({}))?;
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    for row in list.blocks {
        let block: Block = client.parse(LIST, row.clone())?;
        rows.row(&row, || fields(&block))?;
    }
    if rows.end()? == 0 && output.format == Format::Table {
        output.note("nothing is blocked; add one with: portctl block add CIDR");
    }
    Ok(Outcome::Done)
}

fn fields(block: &Block) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&block.cidr),
        plain(&ends(block.expires_at)),
        sensors(block.sensors, block.refusals.len()),
        plain(&format!("{} packets, {} bytes", block.hits.packets, block.hits.bytes)),
        plain(block.reason.as_deref().unwrap_or_default()),
        plain(block.author.as_deref().unwrap_or_default()),
        plain(&when::stamp(block.created_at)),
    ]
}

fn ends(expires_at: Option<i64>) -> String {
    match expires_at {
        None => "permanent".to_owned(),
        Some(at) => match u64::try_from(at - when::now()) {
            Ok(left) => format!("in {}", when::span(left)),
            Err(_) => "ended".to_owned(),
        },
    }
}
