//! What is to be done about tickets.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, params};

use super::{COLUMNS, FROM, read, status};
use crate::{
    clock::EpochMillis,
    store::sqlite::{codes, issues},
    store::{ChangedIssue, Did, IssueFilter, IssueSort, Order, Page, Result, StoreError, Subject, Ticket},
};

pub(super) fn due(
    view: &Connection,
    integration_id: &str,
    now: EpochMillis,
    limit: u64,
) -> Result<Vec<Ticket>> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE t.integration = ? AND t.state = 'QUEUED' AND t.next_at <= ?
         ORDER BY t.seq LIMIT ?"
    );
    read(view, &sql, params![integration_id, now.millis(), codes::signed(limit)])
}

pub(super) fn changed(
    view: &Transaction<'_>,
    integration_id: &str,
    now: EpochMillis,
    limit: u64,
) -> Result<Vec<ChangedIssue>> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} JOIN issue ON issue.fingerprint = t.subject
         WHERE t.integration = ? AND t.kind = 1 AND issue.first_found IS NOT NULL AND t.state IN ('OPEN', 'DONE') AND t.next_at <= ?
           AND (issue.status <> t.told OR (t.state = 'DONE' AND issue.status = 0 AND issue.last_found > t.done_at))
         ORDER BY t.seq LIMIT ?"
    );
    let tickets = read(view, &sql, params![integration_id, now.millis(), codes::signed(limit)])?;
    let fingerprints: Vec<_> = tickets
        .iter()
        .filter_map(|ticket| match ticket.subject {
            Subject::Issue(fingerprint) => Some(fingerprint),
            Subject::Event(_) => None,
        })
        .collect();
    let filter = IssueFilter { fingerprints: Some(fingerprints), ..IssueFilter::default() };
    let page = Page { skip: 0, limit, sort: vec![(IssueSort::Endpoint, Order::Ascending)] };
    let found = issues::list(view, &filter, &page)?.rows.into_iter();
    let mut found: HashMap<_, _> = found.map(|issue| (Subject::Issue(issue.fingerprint), issue)).collect();
    tickets
        .into_iter()
        .map(|ticket| {
            let issue = found.remove(&ticket.subject);
            let issue =
                issue.ok_or_else(|| StoreError::Damaged("a ticket's issue was never found".to_owned()))?;
            Ok(ChangedIssue { ticket, issue })
        })
        .collect()
}

pub(super) fn live(
    view: &Connection,
    integration_id: &str,
    done_since: EpochMillis,
    after: i64,
    limit: u64,
) -> Result<Vec<Ticket>> {
    let sql = format!(
        "SELECT {COLUMNS} {FROM} WHERE t.integration = ? AND t.seq > ?
           AND (t.state = 'OPEN' OR (t.state = 'DONE' AND t.done_at >= ?))
         ORDER BY t.seq LIMIT ?"
    );
    read(view, &sql, params![integration_id, after, done_since.millis(), codes::signed(limit)])
}

pub(super) fn settle(connection: &Connection, ticket: &Ticket, did: Did) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE ticket SET state = ?, key = ?, url = ?, tracker_state = ?, told = ?, done_at = ?, synced_at = ?,
                               attempts = ?, next_at = ?, problem = ? WHERE seq = ?",
        )?
        .execute(params![
            ticket.state.name(),
            ticket.key,
            ticket.url,
            ticket.tracker_state,
            status(ticket.told),
            ticket.done_at.map(EpochMillis::millis),
            ticket.synced_at.map(EpochMillis::millis),
            codes::signed(ticket.attempts),
            ticket.next_at.millis(),
            ticket.problem,
            ticket.seq,
        ])?;
    let counter = match did {
        Did::Nothing => return Ok(()),
        Did::Created => "created",
        Did::Updated => "updated",
        Did::Failed => "failed",
    };
    connection
        .prepare_cached(&format!("UPDATE ticket_integration SET {counter} = {counter} + 1 WHERE id = ?"))?
        .execute([&ticket.integration_id])?;
    Ok(())
}
