//! `portctl issues`: weaknesses of APIs.

mod change;
mod import;
mod show;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use crate::{
    cli::{IssueFilter, Issues},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, terminal::Tone, when},
    reply::{Issue, IssueList},
};

const LIST: &str = "fetchIssues";
/// What one call may ask for.
const PAGE: u32 = 1_000;

const COLUMNS: &[Column] = &[
    Column::whole("ID"),
    Column::whole("SEVERITY"),
    Column::whole("STATUS"),
    Column::cut("ISSUE", 12),
    Column::cut("ENDPOINT", 16),
    Column::cut("CHECK", 10).spare(1),
    Column::whole("LAST FOUND").spare(2),
];

pub(super) fn run(client: &Client, verb: &Issues, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Issues::List { filter, limit } => list(client, filter, *limit, output),
        Issues::Show { id } => show::run(client, id, output),
        Issues::Ignore { chosen, reason, note } => {
            let reason = word(reason);
            let terms = json!({"status": "IGNORED", "ignoreReason": reason, "note": note});
            change::run(client, chosen, terms, "ignored", output)
        }
        Issues::Open { chosen } => {
            change::run(client, chosen, json!({"status": "OPEN"}), "open again", output)
        }
        Issues::Import { file, format, dry_run } => import::run(client, file, *format, *dry_run, output),
    }
}

fn list(
    client: &Client,
    filter: &IssueFilter,
    most: u32,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut request = keys(filter);
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let (mut skip, mut total) = (0, 0);
    loop {
        let limit = most.saturating_sub(skip).min(PAGE);
        if limit == 0 {
            break;
        }
        request.insert("skip".to_owned(), json!(skip));
        request.insert("limit".to_owned(), json!(limit));
        let found: IssueList = client.call_for(LIST, &Value::Object(request.clone()))?;
        total = found.total;
        let came = u32::try_from(found.issues.len()).unwrap_or(u32::MAX);
        for row in found.issues {
            let issue: Issue = client.parse(LIST, row.clone())?;
            rows.row(&row, || fields(&issue))?;
        }
        skip += came;
        if came < limit {
            break;
        }
    }
    let shown = rows.end()?;
    if output.format == Format::Table && (shown as u64) < total {
        output.note(&format!("{shown} of {total}: --limit shows more"));
    }
    Ok(Outcome::Done)
}

fn fields(issue: &Issue) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&issue.issue_id),
        (issue.severity.clone(), severity_tone(&issue.severity)),
        plain(&issue.status),
        plain(&issue.name),
        plain(&place(&issue.method, &issue.host, &issue.endpoint)),
        plain(&issue.check_id),
        plain(&when::stamp(issue.last_seen)),
    ]
}

fn place(method: &str, host: &str, endpoint: &str) -> String {
    let target = format!("{host}{endpoint}");
    [method, &target].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn severity_tone(severity: &str) -> Option<Tone> {
    match severity {
        "CRITICAL" | "HIGH" => Some(Tone::Bad),
        "MEDIUM" => Some(Tone::Caution),
        _ => None,
    }
}

/// The keys of the request that this filter stands for; none where it says nothing.
pub(super) fn keys(filter: &IssueFilter) -> Map<String, Value> {
    let lists = [
        ("severity", &filter.severity),
        ("category", &filter.category),
        ("checkIds", &filter.check),
        ("hosts", &filter.host),
        ("endpoints", &filter.endpoint),
    ];
    let lists = lists.into_iter().filter(|(_, values)| !values.is_empty());
    let mut keys: Map<String, Value> = lists.map(|(key, values)| (key.to_owned(), json!(values))).collect();
    keys.extend(filter.status.map(|status| ("statusFilter".to_owned(), json!(word(&status)))));
    keys.extend(filter.search.as_ref().map(|text| ("searchText".to_owned(), json!(text))));
    keys.extend(filter.since.map(|since| ("startTimestamp".to_owned(), json!(since))));
    keys
}

/// As REST spells it: `false-positive` is `FALSE_POSITIVE`.
fn word(value: &impl ValueEnum) -> String {
    let name = value.to_possible_value().map(|value| value.get_name().to_owned());
    name.unwrap_or_default().to_uppercase().replace('-', "_")
}
