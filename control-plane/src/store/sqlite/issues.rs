mod observe;

use portcullis_detection::Severity;
use rusqlite::{Connection, Row, Transaction, params_from_iter, types::Value};
use serde_json::json;

use super::{
    SqliteStore, audit, codes,
    rows::{time, time_or_none},
};
use crate::store::{
    About, Act, Findings, Fingerprint, IgnoreReason, Ignored, Issue, IssueCounts, IssueEvidence, IssueFilter,
    IssueSort, IssueSource, IssueStatus, IssueStore, Listing, Observed, Order, Page, Place, Result,
    StoreError, Weakness,
};

const COLUMNS: &str =
    "fingerprint, method, host, template, detail, source, issue.severity, status, first_found, last_found,
     last_clean, evidence, ignored_as, ignored_note, ignored_by, ignored_at, weakness.id, weakness.name,
     weakness.category, weakness.severity, weakness.about";
const FROM: &str = "FROM issue JOIN weakness ON weakness.id = issue.weakness";

impl IssueStore for SqliteStore {
    fn observe(&self, act: Option<&Act>, findings: Findings) -> Result<Observed> {
        let act = act.cloned();
        self.write(move |connection| observe::all(connection, act.as_ref(), &findings))
    }

    fn issues(&self, filter: &IssueFilter, page: &Page<IssueSort>) -> Result<(Listing<Issue>, IssueCounts)> {
        self.read(|view| Ok((list(view, filter, page)?, counts(view, filter)?)))
    }

    fn ignore_issues(&self, act: &Act, filter: &IssueFilter, ignored: Option<Ignored>) -> Result<u64> {
        let (act, filter) = (act.clone(), filter.clone());
        self.write(move |connection| ignore(connection, &act, &filter, ignored.as_ref()))
    }
}

pub(super) fn list(
    view: &Transaction<'_>,
    filter: &IssueFilter,
    page: &Page<IssueSort>,
) -> Result<Listing<Issue>> {
    let (clause, values) = selection(filter, &filter.statuses);
    let total: i64 =
        view.query_row(&format!("SELECT count(*) {FROM} {clause}"), params_from_iter(&values), |row| {
            row.get(0)
        })?;
    let sql = format!("SELECT {COLUMNS} {FROM} {clause} ORDER BY {} LIMIT ? OFFSET ?", order_by(page));
    let window = [page.limit, page.skip].map(|number| Value::Integer(codes::signed(number)));
    let mut statement = view.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values.iter().chain(&window)))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(issue(row)?);
    }
    Ok(Listing { rows, total: codes::count(total), is_exact: true })
}

fn counts(view: &Transaction<'_>, filter: &IssueFilter) -> Result<IssueCounts> {
    let (clause, values) = selection(filter, &[]);
    let mut statement =
        view.prepare_cached(&format!("SELECT status, count(*) {FROM} {clause} GROUP BY status"))?;
    let mut found = statement.query(params_from_iter(&values))?;
    let mut counts = IssueCounts::default();
    while let Some(row) = found.next()? {
        let of = match status_of(row.get(0)?)? {
            IssueStatus::Open => &mut counts.open,
            IssueStatus::Fixed => &mut counts.fixed,
            IssueStatus::Ignored => &mut counts.ignored,
        };
        *of = codes::count(row.get(1)?);
    }
    Ok(counts)
}

fn ignore(
    connection: &Connection,
    act: &Act,
    filter: &IssueFilter,
    ignored: Option<&Ignored>,
) -> Result<u64> {
    let (clause, values) = selection(filter, &filter.statuses);
    let which = format!("fingerprint IN (SELECT fingerprint {FROM} {clause})");
    let changed = match ignored {
        Some(Ignored { reason, note, by, at }) => {
            let set: [Value; 4] =
                [reason.name().to_owned().into(), note.clone().into(), by.clone().into(), at.millis().into()];
            let sql = format!(
                "UPDATE issue SET ignored_as = ?, ignored_note = ?, ignored_by = ?, ignored_at = ? WHERE {which}"
            );
            connection.prepare_cached(&sql)?.execute(params_from_iter(set.iter().chain(&values)))?
        }
        None => {
            let sql = format!(
                "UPDATE issue SET ignored_as = NULL, ignored_note = NULL, ignored_by = NULL, ignored_at = NULL
                 WHERE ignored_as IS NOT NULL AND {which}"
            );
            connection.prepare_cached(&sql)?.execute(params_from_iter(&values))?
        }
    };
    if changed > 0 {
        let object = match filter.fingerprints.as_deref() {
            Some([one]) => format!("issue {one}"),
            _ => format!("{changed} issues"),
        };
        let after = ignored.map_or_else(
            || json!({ "ignored": null }),
            |one| json!({ "ignored": one.reason.name(), "note": one.note }),
        );
        audit::append(connection, act, &object, None, Some(&after))?;
    }
    Ok(changed as u64)
}

/// What is only ever looked for and not found is in no list.
fn selection(filter: &IssueFilter, statuses: &[IssueStatus]) -> (String, Vec<Value>) {
    let mut conditions = vec!["first_found IS NOT NULL".to_owned()];
    let mut values = Vec::new();
    let mut among = |column: &str, wanted: Vec<Value>| {
        conditions.push(format!("{column} IN ({})", vec!["?"; wanted.len()].join(", ")));
        values.extend(wanted);
    };
    if let Some(wanted) = &filter.fingerprints {
        among("fingerprint", wanted.iter().map(|one| Value::Blob(one.bytes().to_vec())).collect());
    }
    for (column, wanted) in [
        ("weakness.id", &filter.weaknesses),
        ("weakness.category", &filter.categories),
        ("host", &filter.hosts),
        ("method", &filter.methods),
        ("template", &filter.templates),
    ] {
        if !wanted.is_empty() {
            among(column, wanted.iter().cloned().map(Value::Text).collect());
        }
    }
    if !filter.severities.is_empty() {
        let wanted = filter.severities.iter().map(|one| Value::Integer(codes::severity(*one)));
        among("issue.severity", wanted.collect());
    }
    if !statuses.is_empty() {
        among("status", statuses.iter().map(|one| Value::Integer(status(*one))).collect());
    }
    if !filter.sources.is_empty() {
        among("source", filter.sources.iter().map(|one| Value::Text(one.name().to_owned())).collect());
    }
    if let Some(range) = filter.range {
        conditions.push("last_found >= ? AND last_found < ?".to_owned());
        values.extend([range.from, range.until].map(|time| Value::Integer(time.millis())));
    }
    if !filter.search.is_empty() {
        let columns = ["weakness.name", "weakness.id", "host", "template", "detail"];
        let any: Vec<_> = columns.iter().map(|column| format!("instr(lower({column}), ?) > 0")).collect();
        conditions.push(format!("({})", any.join(" OR ")));
        values.extend(columns.map(|_| Value::Text(filter.search.to_ascii_lowercase())));
    }
    (format!("WHERE {}", conditions.join(" AND ")), values)
}

fn order_by(page: &Page<IssueSort>) -> String {
    let mut keys: Vec<String> = Vec::new();
    for (sort, order) in &page.sort {
        let direction = match order {
            Order::Ascending => "ASC",
            Order::Descending => "DESC",
        };
        let columns: &[&str] = match sort {
            IssueSort::Severity => &["issue.severity"],
            IssueSort::FirstFound => &["first_found"],
            IssueSort::LastFound => &["last_found"],
            IssueSort::Name => &["weakness.name"],
            IssueSort::Endpoint => &["host", "template", "method"],
        };
        keys.extend(columns.iter().map(|column| format!("{column} {direction}")));
    }
    keys.push("fingerprint".to_owned());
    keys.join(", ")
}

/// Reads [`COLUMNS`].
fn issue(row: &Row<'_>) -> Result<Issue> {
    let text: Option<String> = row.get(11)?;
    let evidence = text.map(|text| read::<IssueEvidence>(&text)).transpose()?.unwrap_or_default();
    let source: String = row.get(5)?;
    Ok(Issue {
        fingerprint: Fingerprint::from_bytes(row.get(0)?),
        place: Place { method: row.get(1)?, host: row.get(2)?, template: row.get(3)?, detail: row.get(4)? },
        source: IssueSource::parse(&source)
            .ok_or_else(|| StoreError::Damaged(format!("an issue's source {source:?}")))?,
        severity: codes::severity_of(row.get(6)?)?,
        status: status_of(row.get(7)?)?,
        first_found: time(row, 8)?,
        last_found: time(row, 9)?,
        last_clean: time_or_none(row, 10)?,
        evidence,
        ignored: ignored(row)?,
        weakness: Weakness {
            id: row.get(16)?,
            name: row.get(17)?,
            category: row.get(18)?,
            severity: severity_of(row, 19)?,
            about: read::<About>(&row.get::<_, String>(20)?)?,
        },
    })
}

fn ignored(row: &Row<'_>) -> Result<Option<Ignored>> {
    let Some(reason) = row.get::<_, Option<String>>(12)? else { return Ok(None) };
    let reason = IgnoreReason::parse(&reason)
        .ok_or_else(|| StoreError::Damaged(format!("an issue ignored as {reason:?}")))?;
    Ok(Some(Ignored { reason, note: row.get(13)?, by: row.get(14)?, at: time(row, 15)? }))
}

fn severity_of(row: &Row<'_>, index: usize) -> Result<Severity> {
    codes::severity_of(row.get(index)?)
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("an issue: {error}")))
}

/// As the generated column has it.
pub(super) const fn status(value: IssueStatus) -> i64 {
    match value {
        IssueStatus::Open => 0,
        IssueStatus::Fixed => 1,
        IssueStatus::Ignored => 2,
    }
}

pub(super) fn status_of(code: i64) -> Result<IssueStatus> {
    IssueStatus::ALL
        .into_iter()
        .find(|one| status(*one) == code)
        .ok_or_else(|| StoreError::Damaged(format!("an issue's status {code}")))
}
