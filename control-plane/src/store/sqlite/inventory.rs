use portcullis_proto::v1::{Endpoint, EndpointName, InventoryUpdate};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, Transaction, params, params_from_iter, types::Value};

use super::{SqliteStore, codes};
use crate::{
    clock::EpochMillis,
    store::{
        Inventoried, InventoryFilter, InventoryRow, InventorySort, InventoryStore, Listing, MAX_PER_SENSOR,
        Order, Page, Result, StoreError, inventory::add,
    },
};

impl InventoryStore for SqliteStore {
    fn take_inventory(&self, sensor_id: &str, update: InventoryUpdate) -> Result<Inventoried> {
        let sensor_id = sensor_id.to_owned();
        self.write(move |connection| take(connection, &sensor_id, &update))
    }

    fn inventory(
        &self,
        filter: &InventoryFilter,
        page: &Page<InventorySort>,
    ) -> Result<Listing<InventoryRow>> {
        self.read(|view| list(view, filter, page))
    }

    fn endpoint_names(&self, hosts: &[String]) -> Result<Vec<EndpointName>> {
        self.read(|view| {
            let mut names =
                view.prepare_cached("SELECT DISTINCT method, template FROM endpoint WHERE host = ?")?;
            let mut all = Vec::new();
            for host in hosts {
                let mut found = names.query([host])?;
                while let Some(row) = found.next()? {
                    let (method, template) = (row.get(0)?, row.get(1)?);
                    all.push(EndpointName { method, host: host.clone(), template, vni: None });
                }
            }
            Ok(all)
        })
    }
}

/// What a sensor sees in an overlay network stands under `<id>/<VNI>`; behind the stroke comes `0`.
const OF_SENSOR: &str = "(sensor_id = ?1 OR (sensor_id > ?1 || '/' AND sensor_id < ?1 || '0'))";

fn take(connection: &Connection, sensor_id: &str, update: &InventoryUpdate) -> Result<Inventoried> {
    let mut taken = Inventoried::default();
    for (endpoint, name) in update.endpoints.iter().filter_map(|one| Some((one, one.name.as_ref()?))) {
        put(connection, sensor_id, &update.account_id, name, endpoint)?;
        taken.stored += 1;
    }
    let mut remove = connection.prepare_cached(
        "DELETE FROM endpoint WHERE sensor_id = ? AND host = ? AND template = ? AND method = ?",
    )?;
    for name in &update.removed {
        taken.removed += remove.execute(params![sensor_id, name.host, name.template, name.method])? as u64;
    }
    // However many networks it sees.
    let bare = sensor_id.split('/').next().unwrap_or_default();
    let kept: i64 = connection
        .prepare_cached(&format!("SELECT count(*) FROM endpoint WHERE {OF_SENSOR}"))?
        .query_row([bare], |row| row.get(0))?;
    let excess = codes::count(kept).saturating_sub(MAX_PER_SENSOR);
    if excess > 0 {
        let evicted = connection
            .prepare_cached(&format!(
                "DELETE FROM endpoint WHERE {OF_SENSOR} AND (sensor_id, host, template, method) IN
                     (SELECT sensor_id, host, template, method FROM endpoint WHERE {OF_SENSOR}
                      ORDER BY last_seen LIMIT ?2)"
            ))?
            .execute(params![bare, codes::signed(excess)])?;
        taken.evicted = evicted as u64;
    }
    Ok(taken)
}

fn put(
    connection: &Connection,
    sensor_id: &str,
    account_id: &str,
    name: &EndpointName,
    endpoint: &Endpoint,
) -> Result<()> {
    let mut known = connection.prepare_cached(
        "SELECT since, requests, present, before FROM endpoint
         WHERE sensor_id = ? AND host = ? AND template = ? AND method = ?",
    )?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, Vec<u8>>(2)?,
            row.get::<_, Vec<u8>>(3)?,
        ))
    };
    let key = params![sensor_id, name.host, name.template, name.method];
    let found = known.query_row(key, read).optional()?;
    let since = codes::signed(endpoint.since_ms);
    let before = match found {
        // The one from before came late.
        Some((known, requests, ..)) if known == since && codes::count(requests) > endpoint.requests => {
            return Ok(());
        }
        Some((known, _, _, before)) if known == since => before,
        // It counts from zero again: what it had counted is kept apart.
        Some((_, _, present, before)) => {
            let mut sum = decode(&before)?;
            add(&mut sum, &decode(&present)?);
            sum.encode_to_vec()
        }
        None => Vec::new(),
    };
    connection
        .prepare_cached(
            "INSERT INTO endpoint (sensor_id, host, template, method, account_id, since, first_seen, last_seen,
                                   requests, present, before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT DO UPDATE SET account_id = ?5, since = ?6, first_seen = min(first_seen, ?7),
                 last_seen = max(last_seen, ?8), requests = ?9, present = ?10, before = ?11",
        )?
        .execute(params![
            sensor_id,
            name.host,
            name.template,
            name.method,
            account_id,
            since,
            codes::signed(endpoint.first_seen_ms),
            codes::signed(endpoint.last_seen_ms),
            codes::signed(endpoint.requests),
            endpoint.encode_to_vec(),
            before,
        ])?;
    Ok(())
}

fn list(
    view: &Transaction<'_>,
    filter: &InventoryFilter,
    page: &Page<InventorySort>,
) -> Result<Listing<InventoryRow>> {
    let (clause, values) = selection(filter);
    let grouped = format!("FROM endpoint{clause} GROUP BY account_id, host, template, method");
    let total: i64 = view.query_row(
        &format!("SELECT count(*) FROM (SELECT 1 {grouped})"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    let sql = format!(
        "SELECT account_id, host, template, method, min(first_seen), max(last_seen), count(*) {grouped}
         ORDER BY {} LIMIT ? OFFSET ?",
        order_by(page)
    );
    let window = [Value::Integer(codes::signed(page.limit)), Value::Integer(codes::signed(page.skip))];
    let mut statement = view.prepare_cached(&sql)?;
    let mut found = statement.query(params_from_iter(values.iter().chain(&window)))?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let account_id: String = row.get(0)?;
        let name = EndpointName { host: row.get(1)?, template: row.get(2)?, method: row.get(3)?, vni: None };
        rows.push(InventoryRow {
            facts: facts(view, &account_id, &name)?,
            account_id,
            name,
            first_seen: EpochMillis::from_millis(row.get(4)?),
            last_seen: EpochMillis::from_millis(row.get(5)?),
            sensors: codes::count(row.get(6)?),
        });
    }
    Ok(Listing { rows, total: codes::count(total), is_exact: true })
}

fn facts(view: &Transaction<'_>, account_id: &str, name: &EndpointName) -> Result<Endpoint> {
    let mut statement = view.prepare_cached(
        "SELECT present, before FROM endpoint
         WHERE account_id = ? AND host = ? AND template = ? AND method = ? ORDER BY sensor_id",
    )?;
    let mut found = statement.query(params![account_id, name.host, name.template, name.method])?;
    let mut sum = Endpoint::default();
    while let Some(row) = found.next()? {
        for column in 0..2 {
            add(&mut sum, &decode(&row.get::<_, Vec<u8>>(column)?)?);
        }
    }
    Ok(sum)
}

fn selection(filter: &InventoryFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["last_seen >= ?".to_owned(), "last_seen < ?".to_owned()];
    let mut values =
        vec![Value::Integer(filter.range.from.millis()), Value::Integer(filter.range.until.millis())];
    for (column, wanted) in [("host", &filter.hosts), ("method", &filter.methods)] {
        if !wanted.is_empty() {
            conditions.push(format!("{column} IN ({})", vec!["?"; wanted.len()].join(", ")));
            values.extend(wanted.iter().cloned().map(Value::Text));
        }
    }
    if !filter.text.is_empty() {
        conditions.push("instr(lower(host || template), ?) > 0".to_owned());
        values.push(Value::Text(filter.text.to_lowercase()));
    }
    (format!(" WHERE {}", conditions.join(" AND ")), values)
}

fn order_by(page: &Page<InventorySort>) -> String {
    let mut keys: Vec<String> = page
        .sort
        .iter()
        .map(|(sort, order)| {
            let column = match sort {
                InventorySort::LastSeen => "max(last_seen)",
                InventorySort::FirstSeen => "min(first_seen)",
                InventorySort::Requests => "sum(requests)",
                InventorySort::Template => "template",
            };
            let direction = match order {
                Order::Ascending => "ASC",
                Order::Descending => "DESC",
            };
            format!("{column} {direction}")
        })
        .collect();
    keys.push("host, template, method, account_id".to_owned());
    keys.join(", ")
}

fn decode(bytes: &[u8]) -> Result<Endpoint> {
    Endpoint::decode(bytes).map_err(|error| StoreError::Damaged(format!("endpoint: {error}")))
}
