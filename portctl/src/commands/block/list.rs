use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::super::pushed;
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

/// A table of more helps nobody, and is held whole until it is drawn.
const TABLE_ROWS: u64 = 1_000;
/// The most that one call gives.
const PAGE: u64 = 10_000;

pub(super) fn run(
    client: &Client,
    search: Option<&str>,
    covers: Option<IpAddr>,
    limit: Option<u64>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let is_table = output.format == Format::Table;
    let mut left = limit.unwrap_or(if is_table { TABLE_ROWS } else { u64::MAX });
    let mut request = Map::new();
    request.extend(search.map(|text| ("search".to_owned(), json!(text))));
    request.extend(covers.map(|address| ("covers".to_owned(), json!(address))));
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let total = loop {
        request.insert("limit".to_owned(), json!(left.min(PAGE)));
        let page: Blocklist = client.call_for(LIST, &Value::Object(request.clone()))?;
        left = left.saturating_sub(page.blocks.len() as u64);
        for row in page.blocks {
            let block: Block = client.parse(LIST, row.clone())?;
            rows.row(&row, || fields(&block))?;
        }
        match page.next {
            Some(next) if left > 0 => drop(request.insert("cursor".to_owned(), json!(next))),
            _ => break page.total,
        }
    };
    let shown = rows.end()? as u64;
    if shown == 0 && is_table {
        output.note(match request.contains_key("search") || request.contains_key("covers") {
            true => "no block is like that",
            false => "nothing is blocked; add one with: portctl block add CIDR",
        });
    }
    if shown < total {
        output.note(&format!("{shown} of {total}; --limit {total}, or -o jsonl, shows all"));
    }
    Ok(Outcome::Done)
}

fn fields(block: &Block) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&block.cidr),
        plain(&ends(block.expires_at)),
        pushed::counts(block.sensors, block.refusals.len()),
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
