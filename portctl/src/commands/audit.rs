//! `portctl audit`: who changed what, when and from where.

use serde_json::{Map, Value, json};

use crate::{
    cli::{Audit, AuditFilter, AuditVerb, ExportFormat},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, when},
    reply::{AuditEntry, AuditPage},
};

const LIST: &str = "fetchAudit";
const EXPORT: &str = "exportAudit";

/// What one request may ask for.
const PAGE: u64 = 1_000;

const COLUMNS: &[Column] = &[
    Column::whole("TIME"),
    Column::cut("WHO", 6),
    Column::whole("FROM").spare(1),
    Column::cut("ACTION", 8),
    Column::cut("OBJECT", 12),
    Column::cut("BEFORE", 10).spare(3),
    Column::cut("AFTER", 10).spare(2),
];

pub(super) fn run(client: &Client, audit: &Audit, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &audit.verb {
        None => list(client, &audit.filter, audit.limit, output),
        Some(AuditVerb::Export { format, filter }) => export(client, *format, filter, output),
    }
}

fn list(
    client: &Client,
    filter: &AuditFilter,
    limit: u64,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let is_table = output.format == Format::Table;
    let mut request = request(filter);
    let mut left = limit;
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let total = loop {
        request.insert("limit".to_owned(), json!(left.min(PAGE)));
        let page: AuditPage = client.call_for(LIST, &Value::Object(request.clone()))?;
        left = left.saturating_sub(page.entries.len() as u64);
        for row in page.entries {
            let entry: AuditEntry = client.parse(LIST, row.clone())?;
            rows.row(&row, || fields(&entry))?;
        }
        match page.next {
            Some(next) if left > 0 => drop(request.insert("cursor".to_owned(), json!(next))),
            _ => break page.total,
        }
    };
    let shown = rows.end()? as u64;
    if is_table && shown == 0 {
        output.note("no entry is like that");
    }
    if shown < total {
        output.note(&format!("{shown} of {total}; --limit {total}, or portctl audit export, gives all"));
    }
    Ok(Outcome::Done)
}

fn export(
    client: &Client,
    format: ExportFormat,
    filter: &AuditFilter,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut request = request(filter);
    request.insert("format".to_owned(), json!(format.as_str()));
    client.download(EXPORT, &Value::Object(request), output)?;
    Ok(Outcome::Done)
}

fn request(filter: &AuditFilter) -> Map<String, Value> {
    let lists = [("who", &filter.who), ("action", &filter.action)];
    let texts = [("object", &filter.object), ("searchText", &filter.search)];
    let times = [("startTimestamp", filter.since), ("endTimestamp", filter.until)];
    let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let mut request: Map<_, _> = lists.map(|(key, list)| (key.to_owned(), json!(list))).collect();
    request.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?)))));
    request.extend(times.into_iter().filter_map(|(key, time)| Some((key.to_owned(), json!(time?)))));
    request
}

fn fields(entry: &AuditEntry) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let state = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
    vec![
        plain(&when::stamp(entry.at)),
        plain(&format!("{} {}", entry.kind, entry.who)),
        plain(entry.from.as_deref().unwrap_or("here")),
        plain(&entry.action),
        plain(&entry.object),
        plain(&state(&entry.before)),
        plain(&state(&entry.after)),
    ]
}
