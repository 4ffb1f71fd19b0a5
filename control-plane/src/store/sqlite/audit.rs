use rusqlite::{Connection, Row, ToSql, params, params_from_iter};
use serde_json::Value;

use super::{SqliteStore, codes, rows::time};
use crate::{
    clock::EpochMillis,
    store::{
        Act, AuditEntry, AuditPage, AuditQuery, AuditStore, Principal, PrincipalKind, Result, StoreError,
    },
};

/// Longer descriptions are cut: an entry says what changed, and is no copy of it.
const MAX_OBJECT: usize = 500;
const MAX_STATE: usize = 4_096;
/// Rows that one transaction forgets: nobody's order waits for a year of entries.
const EXPIRE_AT_ONCE: i64 = 10_000;

const COLUMNS: &str = "seq, at, kind, who_id, who, address, action, object, before, after";

/// Writes an entry in the transaction of the change that it tells of.
pub(super) fn append(
    connection: &Connection,
    act: &Act,
    object: &str,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, kind, who_id, who, address, action, object, before, after)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            EpochMillis::now().millis(),
            act.by.kind.name(),
            act.by.id,
            act.by.name,
            act.from.map(|from| from.to_string()),
            act.action,
            object.get(..object.floor_char_boundary(MAX_OBJECT)),
            before.map(state),
            after.map(state),
        ])?;
    Ok(())
}

fn state(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= MAX_STATE {
        return text;
    }
    // Still JSON, for whoever reads the export.
    Value::from(format!("{}…", text.get(..text.floor_char_boundary(MAX_STATE)).unwrap_or_default()))
        .to_string()
}

impl AuditStore for SqliteStore {
    fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        self.read(|view| page(view, query))
    }

    fn note(&self, act: &Act, object: &str) -> Result<()> {
        let (act, object) = (act.clone(), object.to_owned());
        self.write(move |connection| append(connection, &act, &object, None, None))
    }

    fn expire_audit(&self, before: EpochMillis) -> Result<u64> {
        let mut all = 0;
        loop {
            let gone = self.write(move |connection| {
                let sql = "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit
                           WHERE at < ?1 AND at <= (unixepoch() - 30 * 86400) * 1000 LIMIT ?2)";
                Ok(connection.prepare_cached(sql)?.execute([before.millis(), EXPIRE_AT_ONCE])? as u64)
            })?;
            all += gone;
            if gone < EXPIRE_AT_ONCE.unsigned_abs() {
                return Ok(all);
            }
        }
    }
}

fn page(view: &Connection, query: &AuditQuery) -> Result<AuditPage> {
    let (conditions, values) = conditions(query);
    let count = format!("SELECT count(*) FROM audit WHERE {conditions}");
    let total = view.prepare_cached(&count)?.query_row(params_from_iter(&values), |row| row.get(0))?;
    let limit = codes::signed(query.limit);
    let cursor = query.cursor.map_or(i64::MAX, codes::signed);
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE {conditions} AND seq < ? ORDER BY seq DESC LIMIT ?");
    let mut statement = view.prepare_cached(&sql)?;
    // One more than asked for tells whether there is another page.
    let more: [Box<dyn ToSql>; 2] = [Box::new(cursor), Box::new(limit.saturating_add(1))];
    let mut rows = statement.query(params_from_iter(values.iter().chain(&more)))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(entry(row)?);
    }
    let is_last = entries.len() as u64 <= query.limit;
    entries.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
    let next = if is_last { None } else { entries.last().map(|entry| entry.seq) };
    Ok(AuditPage { entries, total: codes::count(total), next })
}

fn conditions(query: &AuditQuery) -> (String, Vec<Box<dyn ToSql>>) {
    let mut conditions = vec!["at >= ? AND at < ?".to_owned()];
    let mut values: Vec<Box<dyn ToSql>> =
        vec![Box::new(query.range.from.millis()), Box::new(query.range.until.millis())];
    let marks = |count: usize| vec!["?"; count].join(", ");
    if !query.who.is_empty() {
        let marks = marks(query.who.len());
        conditions.push(format!("(who COLLATE NOCASE IN ({marks}) OR who_id IN ({marks}))"));
        for _ in 0..2 {
            values.extend(query.who.iter().map(|who| Box::new(who.clone()) as Box<dyn ToSql>));
        }
    }
    if !query.actions.is_empty() {
        conditions.push(format!("action IN ({})", marks(query.actions.len())));
        values.extend(query.actions.iter().map(|action| Box::new(action.clone()) as Box<dyn ToSql>));
    }
    if !query.object.is_empty() {
        conditions.push("instr(lower(object), lower(?)) > 0".to_owned());
        values.push(Box::new(query.object.clone()));
    }
    if !query.search.is_empty() {
        let all = "who || char(10) || coalesce(address, '') || char(10) || action || char(10) || object
                   || char(10) || coalesce(before, '') || char(10) || coalesce(after, '')";
        conditions.push(format!("instr(lower({all}), lower(?)) > 0"));
        values.push(Box::new(query.search.clone()));
    }
    (conditions.join(" AND "), values)
}

fn entry(row: &Row<'_>) -> Result<AuditEntry> {
    let kind: String = row.get(2)?;
    let kind = PrincipalKind::parse(&kind)
        .ok_or_else(|| StoreError::Damaged(format!("kind of principal {kind:?}")))?;
    Ok(AuditEntry {
        seq: codes::count(row.get(0)?),
        at: time(row, 1)?,
        by: Principal { kind, id: row.get(3)?, name: row.get(4)? },
        from: row.get(5)?,
        action: row.get(6)?,
        object: row.get(7)?,
        before: parsed(row.get(8)?)?,
        after: parsed(row.get(9)?)?,
    })
}

fn parsed(text: Option<String>) -> Result<Option<Value>> {
    let parse = |text: String| {
        serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("audit entry: {error}")))
    };
    text.map(parse).transpose()
}
