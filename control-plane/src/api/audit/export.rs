use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::ToSchema;

use super::{
    super::{Api, ApiError, endpoint::Call},
    AuditRow, MAX_LIMIT, query,
};
use crate::store::{AuditEntry, AuditQuery, StoreError};

/// Pages under way to a reader who takes them slowly.
const PAGES: usize = 2;

#[derive(Deserialize, ToSchema)]
pub(in crate::api) struct Asked {
    format: String,
}

#[derive(Clone, Copy)]
enum Format {
    Csv,
    Jsonl,
}

/// `exportAudit`: all entries that the filter selects, newest first, as CSV (RFC 4180) or a JSON object a line. `limit`
/// and `cursor` mean nothing here.
pub(in crate::api) async fn export(call: Call) -> Result<Response, ApiError> {
    let Asked { format } = call.keys()?;
    let (format, kind, disposition) = match format.as_str() {
        "csv" => (Format::Csv, "text/csv; charset=utf-8", "attachment; filename=\"audit.csv\""),
        "jsonl" => {
            (Format::Jsonl, "application/jsonl; charset=utf-8", "attachment; filename=\"audit.jsonl\"")
        }
        _ => return Err(ApiError::invalid("format", format_args!("{format:?} is neither csv nor jsonl"))),
    };
    let query = AuditQuery { limit: MAX_LIMIT, cursor: None, ..query(&call)? };
    let (pages, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(PAGES);
    let api = call.api.clone();
    tokio::task::spawn_blocking(move || {
        if let Err(error) = write_all(&api, query, format, &pages) {
            tracing::error!(%error, "an export of the audit log broke off");
            // The reader sees a body that was cut off, and no whole one with less in it. Where nobody reads, that is that.
            let _gone = pages.blocking_send(Err(std::io::Error::other("the export broke off")));
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    Ok((headers, Body::from_stream(ReceiverStream::new(body))).into_response())
}

type Pages = mpsc::Sender<Result<Bytes, std::io::Error>>;

fn write_all(api: &Arc<Api>, mut query: AuditQuery, format: Format, pages: &Pages) -> Result<(), StoreError> {
    let mut is_first = true;
    loop {
        let page = api.store.audit(&query)?;
        let text = match format {
            Format::Csv => csv_lines(&rows(page.entries)?, is_first)?,
            Format::Jsonl => rows(page.entries)?.iter().map(|row| format!("{row}\n")).collect(),
        };
        is_first = false;
        let is_gone = pages.blocking_send(Ok(Bytes::from(text))).is_err();
        match page.next {
            Some(next) if !is_gone => query.cursor = Some(next),
            _ => return Ok(()),
        }
    }
}

const COLUMNS: [&str; 10] =
    ["seq", "at", "kind", "who", "whoId", "from", "action", "object", "before", "after"];

fn rows(entries: Vec<AuditEntry>) -> Result<Vec<Value>, StoreError> {
    let row = |entry| serde_json::to_value(AuditRow::from(entry));
    let rows: Result<_, _> = entries.into_iter().map(row).collect();
    rows.map_err(|error| StoreError::Damaged(format!("audit entry as JSON: {error}")))
}

fn csv_lines(rows: &[Value], with_head: bool) -> Result<String, StoreError> {
    let broken = |error: csv::Error| StoreError::Damaged(format!("audit entry as CSV: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_head {
        writer.write_record(COLUMNS).map_err(broken)?;
    }
    for row in rows {
        writer.write_record(COLUMNS.map(|column| cell(row.get(column)))).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|error| StoreError::Damaged(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// A spreadsheet runs a text that begins like a formula (OWASP, CSV injection): an apostrophe before it keeps it text.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => return String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    match text.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{text}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_text() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(cell(Some(&json!(text))), format!("'{text}"));
        }
        assert_eq!(cell(Some(&json!("203.0.113.7/32"))), "203.0.113.7/32");
        assert_eq!(cell(Some(&json!({"a": 1}))), "{\"a\":1}");
        assert_eq!(cell(Some(&Value::Null)), "");
    }
}
