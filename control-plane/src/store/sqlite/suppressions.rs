use std::collections::BTreeSet;

use rusqlite::{Connection, ToSql, params_from_iter, types::Value};

use super::{
    SqliteStore, codes, events,
    revisions::{self, suppressions},
};
use crate::{
    clock::EpochMillis,
    store::{
        Act, Change, Combination, EventFilter, EventStatus, Moved, Order, Result, StoreError, Suppressing,
        Suppression, SuppressionQuery, SuppressionSort, SuppressionStore,
    },
};

/// Each is a suppression that every sensor has to hold.
const MAX_COMBINATIONS: usize = 10_000;
/// Suppressions in one revision: keeps its message to a sensor small.
const PER_REVISION: usize = 500;

impl SuppressionStore for SqliteStore {
    fn move_events(
        &self,
        act: &Act,
        filter: &EventFilter,
        named: &str,
        status: EventStatus,
        suppressing: Suppressing,
    ) -> Result<Moved> {
        let (act, filter, named) = (act.clone(), filter.clone(), named.to_owned());
        self.write(move |connection| {
            let changes = changes(connection, &filter, suppressing)?;
            let mut moved = Moved { suppressions: changes.len() as u64, ..Moved::default() };
            for some in changes.chunks(PER_REVISION) {
                moved.revision = Some(revisions::apply(connection, &act, some.to_vec())?);
            }
            moved.events = events::set_status(connection, &act, &filter, &named, status)?;
            Ok(moved)
        })
    }

    fn suppression_page(
        &self,
        query: &SuppressionQuery,
        now: EpochMillis,
    ) -> Result<(Vec<Suppression>, u64)> {
        self.read(|view| page(view, query, now))
    }

    fn suppression(&self, id: &str, now: EpochMillis) -> Result<Option<Suppression>> {
        let found = self.read(|view| suppressions::one(view, id))?;
        Ok(found.filter(|one| one.expires_at.is_none_or(|end| end > now)))
    }
}

fn changes(connection: &Connection, filter: &EventFilter, suppressing: Suppressing) -> Result<Vec<Change>> {
    match suppressing {
        Suppressing::Begin { wider, reason, author, at, expires_at } => {
            let all = combinations(connection, filter)?.into_iter().map(|one| wider.widen(one));
            let all: BTreeSet<Combination> = all.collect();
            let suppression = |one: Combination| {
                Change::Suppress(Suppression {
                    actor: one.actor,
                    policy_id: one.policy_id,
                    method: one.method,
                    url: one.url,
                    host: one.host,
                    reason: reason.clone(),
                    author: author.clone(),
                    created_at: at,
                    expires_at,
                    hits: 0,
                    sensor_hits: 0,
                    last_hit_at: None,
                })
            };
            Ok(all.into_iter().map(suppression).collect())
        }
        Suppressing::End { at } => {
            if filter.status.is_some_and(|status| status != EventStatus::Ignored) {
                return Ok(Vec::new());
            }
            let ignored = EventFilter { status: Some(EventStatus::Ignored), ..filter.clone() };
            let mut ids = BTreeSet::new();
            for one in combinations(connection, &ignored)? {
                ids.extend(suppressions::covering(connection, &one, at)?);
            }
            Ok(ids.into_iter().map(|id| Change::LiftSuppression { id }).collect())
        }
    }
}

fn combinations(connection: &Connection, filter: &EventFilter) -> Result<Vec<Combination>> {
    let found = events::combinations(connection, filter, MAX_COMBINATIONS + 1)?;
    if found.len() > MAX_COMBINATIONS {
        return Err(StoreError::Full(format!(
            "these events stand for more than {MAX_COMBINATIONS} combinations of actor, policy and endpoint: narrow the filter"
        )));
    }
    Ok(found)
}

fn page(view: &Connection, query: &SuppressionQuery, now: EpochMillis) -> Result<(Vec<Suppression>, u64)> {
    let mut clause = "(expires_at IS NULL OR expires_at > ?)".to_owned();
    let mut values = vec![Value::Integer(now.millis())];
    for (column, wanted) in
        [("actor", &query.actors), ("policy_id", &query.policy_ids), ("host", &query.hosts)]
    {
        if !wanted.is_empty() {
            let marks = vec!["?"; wanted.len()].join(", ");
            clause.push_str(&format!(" AND {column} IN ({marks})"));
            values.extend(wanted.iter().cloned().map(Value::Text));
        }
    }
    if !query.search.is_empty() {
        let search = query.search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let columns = ["actor", "policy_id", "method", "url", "host", "reason", "author"];
        let any: Vec<_> = columns.iter().map(|column| format!("{column} LIKE ? ESCAPE '\\'")).collect();
        clause.push_str(&format!(" AND ({})", any.join(" OR ")));
        values.extend(columns.map(|_| Value::Text(format!("%{search}%"))));
    }
    let total: i64 = view
        .prepare_cached(&format!("SELECT count(*) FROM suppression WHERE {clause}"))?
        .query_row(params_from_iter(&values), |row| row.get(0))?;
    let (field, order) = query.sort;
    let field = match field {
        SuppressionSort::CreatedAt => "created_at",
        // What has no end ends last, and what was never hit was hit before all others.
        SuppressionSort::ExpiresAt => "coalesce(expires_at, 9223372036854775807)",
        SuppressionSort::Hits => "hits + sensor_hits",
        SuppressionSort::LastHitAt => "coalesce(last_hit_at, 0)",
    };
    let order = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    values.extend([query.limit, query.skip].map(|number| Value::Integer(codes::signed(number))));
    let mut statement = view.prepare_cached(&format!(
        "SELECT {} FROM suppression WHERE {clause} ORDER BY {field} {order}, id LIMIT ? OFFSET ?",
        suppressions::COLUMNS
    ))?;
    let values: Vec<&dyn ToSql> = values.iter().map(|value| value as &dyn ToSql).collect();
    let found = statement.query_map(values.as_slice(), suppressions::suppression)?;
    Ok((found.collect::<rusqlite::Result<_>>()?, codes::count(total)))
}
