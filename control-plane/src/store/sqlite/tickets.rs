//! Integrations with issue trackers, and tickets.

mod integrations;
mod work;

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter, types::Value};
use serde_json::json;
use uuid::Uuid;

use super::{
    SqliteStore, audit, codes,
    issues::{status, status_of},
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{
        Act, ChangedIssue, Did, Fingerprint, Integration, IntegrationChange, IntegrationError, IssueStatus,
        Listing, MAX_TICKETS, NewIntegration, NewLink, Result, StoreError, Subject, Ticket, TicketFilter,
        TicketState, TicketStore, TrackerKind,
    },
};

const COLUMNS: &str = "t.seq, t.mark, t.integration, i.name, i.kind, t.kind, t.subject, t.state, t.key, t.url,
    t.tracker_state, t.told, t.done_at, t.linked, t.created_at, t.created_by, t.synced_at, t.attempts, t.next_at,
    t.problem";
const FROM: &str = "FROM ticket t JOIN ticket_integration i ON i.id = t.integration";
/// Subjects in one look.
const AT_ONCE: usize = 500;

impl TicketStore for SqliteStore {
    fn add_integration(&self, act: &Act, new: NewIntegration) -> Result<(), IntegrationError> {
        let act = act.clone();
        self.write(move |connection| integrations::add(connection, &act, &new))?
    }

    fn integrations(&self) -> Result<Vec<Integration>> {
        self.read(|view| integrations::all(view))
    }

    fn integration(&self, name: &str) -> Result<Option<Integration>> {
        self.read(|view| integrations::find(view, name))
    }

    fn change_integration(
        &self,
        act: &Act,
        name: &str,
        change: IntegrationChange,
    ) -> Result<Integration, IntegrationError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| integrations::alter(connection, &act, &name, change))?
    }

    fn remove_integration(&self, act: &Act, name: &str) -> Result<u64, IntegrationError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| integrations::remove(connection, &act, &name))?
    }

    fn queue_tickets(
        &self,
        act: &Act,
        integration_id: &str,
        subjects: Vec<(Subject, IssueStatus)>,
        again: bool,
    ) -> Result<Vec<Subject>> {
        let (act, integration_id) = (act.clone(), integration_id.to_owned());
        self.write(move |connection| queue(connection, &act, &integration_id, &subjects, again))
    }

    fn link_ticket(&self, act: &Act, link: NewLink) -> Result<bool> {
        let act = act.clone();
        self.write(move |connection| {
            if !make_room(connection, link.subject, true)? {
                return Ok(false);
            }
            insert(connection, &act, &link, true)?;
            let after = json!({ "ticket": link.key });
            audit::append(connection, &act, &object(link.subject), None, Some(&after))?;
            Ok(true)
        })
    }

    fn unlink_ticket(&self, act: &Act, subject: Subject) -> Result<Option<Ticket>> {
        let act = act.clone();
        self.write(move |connection| {
            let Some(before) = of(connection, subject)? else { return Ok(None) };
            connection.prepare_cached("DELETE FROM ticket WHERE seq = ?")?.execute([before.seq])?;
            let told = json!({ "ticket": before.key, "state": before.state.name() });
            audit::append(connection, &act, &object(subject), Some(&told), None)?;
            Ok(Some(before))
        })
    }

    fn tickets(&self, filter: &TicketFilter, skip: u64, limit: u64) -> Result<Listing<Ticket>> {
        self.read(|view| list(view, filter, skip, limit))
    }

    fn tickets_of(&self, subjects: &[Subject]) -> Result<HashMap<Subject, Ticket>> {
        self.read(|view| {
            let mut found = HashMap::new();
            for subjects in subjects.chunks(AT_ONCE) {
                let filter = TicketFilter { subjects: Some(subjects.to_vec()), ..TicketFilter::default() };
                let listed = list(view, &filter, 0, AT_ONCE as u64)?;
                found.extend(listed.rows.into_iter().map(|ticket| (ticket.subject, ticket)));
            }
            Ok(found)
        })
    }

    fn due_integrations(&self, now: EpochMillis) -> Result<Vec<Integration>> {
        self.read(|view| integrations::due(view, now))
    }

    fn due_tickets(&self, integration_id: &str, now: EpochMillis, limit: u64) -> Result<Vec<Ticket>> {
        self.read(|view| work::due(view, integration_id, now, limit))
    }

    fn changed_issues(
        &self,
        integration_id: &str,
        now: EpochMillis,
        limit: u64,
    ) -> Result<Vec<ChangedIssue>> {
        self.read(|view| work::changed(view, integration_id, now, limit))
    }

    fn live_tickets(
        &self,
        integration_id: &str,
        done_since: EpochMillis,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Ticket>> {
        self.read(|view| work::live(view, integration_id, done_since, after, limit))
    }

    fn settle_tickets(&self, tickets: Vec<(Ticket, Did)>) -> Result<()> {
        self.write(move |connection| {
            tickets.iter().try_for_each(|(ticket, did)| work::settle(connection, ticket, *did))
        })
    }

    fn settle_integration(&self, integration: &Integration) -> Result<()> {
        let integration = integration.clone();
        self.write(move |connection| integrations::settle(connection, &integration))
    }
}

fn queue(
    connection: &Connection,
    act: &Act,
    integration_id: &str,
    subjects: &[(Subject, IssueStatus)],
    again: bool,
) -> Result<Vec<Subject>> {
    let mut queued = Vec::new();
    for (subject, told) in subjects {
        if !make_room(connection, *subject, again)? {
            continue;
        }
        let link = NewLink {
            integration_id: integration_id.to_owned(),
            subject: *subject,
            told: *told,
            key: String::new(),
            url: String::new(),
            tracker_state: String::new(),
            is_done: false,
            at: EpochMillis::now(),
        };
        insert(connection, act, &link, false)?;
        queued.push(*subject);
    }
    if let Some(first) = queued.first() {
        let what = match queued.len() {
            1 => object(*first),
            many => format!("tickets of {many} {}s", first.kind()),
        };
        let name: String = connection
            .prepare_cached("SELECT name FROM ticket_integration WHERE id = ?")?
            .query_row([integration_id], |row| row.get(0))?;
        audit::append(connection, act, &what, None, Some(&json!({ "integration": name })))?;
    }
    Ok(queued)
}

/// Whether the subject may have another ticket; takes away the one that is over.
fn make_room(connection: &Connection, subject: Subject, again: bool) -> Result<bool> {
    let Some(before) = of(connection, subject)? else {
        let count: i64 =
            connection.prepare_cached("SELECT count(*) FROM ticket")?.query_row([], |row| row.get(0))?;
        if codes::count(count) >= MAX_TICKETS {
            return Err(StoreError::Full(format!(
                "these are {MAX_TICKETS} tickets, the most there can be: unlinkTicket takes one away"
            )));
        }
        return Ok(true);
    };
    let may = match before.state {
        TicketState::Queued | TicketState::Open => false,
        TicketState::Done => again,
        TicketState::Failed | TicketState::Gone => true,
    };
    if may {
        connection.prepare_cached("DELETE FROM ticket WHERE seq = ?")?.execute([before.seq])?;
    }
    Ok(may)
}

fn insert(connection: &Connection, act: &Act, link: &NewLink, is_linked: bool) -> Result<()> {
    let (kind, subject) = subject_columns(link.subject);
    let state = match (is_linked, link.is_done) {
        (false, _) => TicketState::Queued,
        (true, false) => TicketState::Open,
        (true, true) => TicketState::Done,
    };
    connection
        .prepare_cached(
            "INSERT INTO ticket (mark, integration, kind, subject, state, key, url, tracker_state, told, done_at, linked,
                                 created_at, created_by, synced_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            Uuid::now_v7().as_bytes(),
            link.integration_id,
            kind,
            subject,
            state.name(),
            link.key,
            link.url,
            link.tracker_state,
            status(link.told),
            link.is_done.then(|| link.at.millis()),
            is_linked,
            link.at.millis(),
            act.by.name,
            is_linked.then(|| link.at.millis()),
        ])?;
    Ok(())
}

fn of(connection: &Connection, subject: Subject) -> Result<Option<Ticket>> {
    let (kind, subject) = subject_columns(subject);
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE t.kind = ? AND t.subject = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row(params![kind, subject], |row| Ok(ticket(row))).optional()?.transpose()
}

fn list(view: &Connection, filter: &TicketFilter, skip: u64, limit: u64) -> Result<Listing<Ticket>> {
    let mut conditions = vec!["TRUE".to_owned()];
    let mut values = Vec::new();
    let mut among = |column: &str, wanted: Vec<Value>| {
        conditions.push(format!("{column} IN ({})", vec!["?"; wanted.len()].join(", ")));
        values.extend(wanted);
    };
    let texts = |texts: &[String]| texts.iter().cloned().map(Value::Text).collect::<Vec<_>>();
    if !filter.integrations.is_empty() {
        among("i.name", texts(&filter.integrations));
    }
    if !filter.keys.is_empty() {
        among("t.key", texts(&filter.keys));
    }
    if !filter.states.is_empty() {
        among("t.state", filter.states.iter().map(|one| Value::Text(one.name().to_owned())).collect());
    }
    if let Some(subjects) = &filter.subjects {
        let of = |wanted: i64| {
            let columns = subjects.iter().map(|one| subject_columns(*one));
            columns
                .filter(move |(kind, _)| *kind == wanted)
                .map(|(_, id)| Value::Blob(id))
                .collect::<Vec<_>>()
        };
        let (events, issues) = (of(0), of(1));
        conditions.push(format!(
            "((t.kind = 0 AND t.subject IN ({})) OR (t.kind = 1 AND t.subject IN ({})))",
            vec!["?"; events.len()].join(", "),
            vec!["?"; issues.len()].join(", ")
        ));
        values.extend(events);
        values.extend(issues);
    }
    let clause = format!("{FROM} WHERE {}", conditions.join(" AND "));
    let total: i64 =
        view.query_row(&format!("SELECT count(*) {clause}"), params_from_iter(&values), |row| row.get(0))?;
    let window = [limit, skip].map(|number| Value::Integer(codes::signed(number)));
    let sql = format!("SELECT {COLUMNS} {clause} ORDER BY t.seq DESC LIMIT ? OFFSET ?");
    let rows = read(view, &sql, params_from_iter(values.iter().chain(&window)))?;
    Ok(Listing { rows, total: codes::count(total), is_exact: true })
}

fn read(view: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<Ticket>> {
    let mut statement = view.prepare_cached(sql)?;
    let mut found = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(ticket(row)?);
    }
    Ok(rows)
}

/// Reads [`COLUMNS`].
fn ticket(row: &Row<'_>) -> Result<Ticket> {
    let damaged = |what: &str, found: &str| StoreError::Damaged(format!("{what} of a ticket: {found:?}"));
    let (tracker, state): (String, String) = (row.get(4)?, row.get(7)?);
    let subject: [u8; 16] = row.get(6)?;
    Ok(Ticket {
        seq: row.get(0)?,
        mark: Uuid::from_bytes(row.get(1)?),
        integration_id: row.get(2)?,
        integration: row.get(3)?,
        tracker: TrackerKind::parse(&tracker).ok_or_else(|| damaged("tracker", &tracker))?,
        subject: match row.get::<_, i64>(5)? {
            0 => Subject::Event(Uuid::from_bytes(subject)),
            1 => Subject::Issue(Fingerprint::from_bytes(subject)),
            other => return Err(damaged("kind", &other.to_string())),
        },
        state: TicketState::parse(&state).ok_or_else(|| damaged("state", &state))?,
        key: row.get(8)?,
        url: row.get(9)?,
        tracker_state: row.get(10)?,
        told: status_of(row.get(11)?)?,
        done_at: time_or_none(row, 12)?,
        is_linked: row.get(13)?,
        created_at: time(row, 14)?,
        created_by: row.get(15)?,
        synced_at: time_or_none(row, 16)?,
        attempts: codes::count(row.get(17)?),
        next_at: time(row, 18)?,
        problem: row.get(19)?,
    })
}

fn subject_columns(subject: Subject) -> (i64, Vec<u8>) {
    match subject {
        Subject::Event(id) => (0, id.as_bytes().to_vec()),
        Subject::Issue(fingerprint) => (1, fingerprint.bytes().to_vec()),
    }
}

fn object(subject: Subject) -> String {
    format!("ticket of {} {subject}", subject.kind())
}
