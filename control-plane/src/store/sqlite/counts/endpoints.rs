use rusqlite::{Transaction, params_from_iter, types::Value};

use crate::{
    clock::TimeRange,
    store::{
        Endpoint, EndpointSort, Listing, Page, Result,
        sqlite::{codes, events::direction, rows, selection::Selection},
    },
};

/// Grouped by method, URL and host. The full name is the last sort key.
pub(in super::super) fn endpoints(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
    page: &Page<EndpointSort>,
) -> Result<Listing<Endpoint>> {
    let mut selection = Selection::default();
    selection.range(range);
    selection.texts("e.policy_id", policies);
    let clause = selection.clause();
    let total: i64 = view.query_row(
        &format!("SELECT count(*) FROM (SELECT DISTINCT url, method, host FROM event e{clause})"),
        params_from_iter(selection.values()),
        |row| row.get(0),
    )?;
    let mut order: Vec<_> = page
        .sort
        .iter()
        .map(|(key, order)| {
            let column = match key {
                EndpointSort::DiscoveredAt => "discovered",
                EndpointSort::Requests => "requests",
                EndpointSort::Actors => "actors",
            };
            format!("{column} {}", direction(*order))
        })
        .collect();
    order.push("e.url, e.method, e.host".into());
    let mut statement = view.prepare(&format!(
        "SELECT e.method, e.url, e.host, count(*) AS requests, count(DISTINCT e.actor) AS actors,
                min(e.detected_at) AS discovered
         FROM event e{clause} GROUP BY e.url, e.method, e.host ORDER BY {} LIMIT ? OFFSET ?",
        order.join(", ")
    ))?;
    let window = [Value::Integer(codes::signed(page.limit)), Value::Integer(codes::signed(page.skip))];
    let found = statement.query_map(params_from_iter(selection.values().chain(&window)), |row| {
        Ok(Endpoint {
            method: row.get(0)?,
            url: row.get(1)?,
            host: row.get(2)?,
            requests: codes::count(row.get(3)?),
            actors: codes::count(row.get(4)?),
            discovered_at: rows::time(row, 5)?,
        })
    })?;
    Ok(Listing { rows: found.collect::<rusqlite::Result<_>>()?, total: codes::count(total) })
}
