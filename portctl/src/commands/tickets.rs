//! `portctl tickets`: events and issues in issue trackers.

mod create;
mod integrations;

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::{listed, pages::pages};
use crate::{
    cli::{Connection, Of, Tickets},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, table::Field, terminal::Tone},
    reply::{OneTicket, Ticket},
};

const LIST: &str = "fetchTickets";
const LINK: &str = "linkTicket";
const UNLINK: &str = "unlinkTicket";
const SYNC: &str = "syncTickets";

const COLUMNS: &[Column] = &[
    Column::whole("TICKET"),
    Column::whole("STATE"),
    Column::cut("AT THE TRACKER", 10).spare(2),
    Column::cut("INTEGRATION", 8).spare(1),
    Column::whole("OF"),
    Column::whole("ID"),
    Column::cut("ADDRESS OR PROBLEM", 16),
];

pub(super) fn run(
    client: &Client,
    connection: &Connection,
    verb: &Tickets,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        Tickets::List { integration, state, key, limit } => {
            let states: Vec<_> = state.iter().map(word).collect();
            let mut request = Map::new();
            for (name, values) in [("integrations", integration), ("states", &states), ("keys", key)] {
                if !values.is_empty() {
                    request.insert(name.to_owned(), json!(values));
                }
            }
            pages(client, (LIST, "tickets", "tickets"), request, *limit, COLUMNS, output, fields)
        }
        Tickets::Create(what) => create::run(client, what, output),
        Tickets::Link { key, of, integration } => {
            let mut request = subject(of);
            request.insert("key".to_owned(), json!(key));
            request.extend(integration.as_ref().map(|name| ("integration".to_owned(), json!(name))));
            one(client, LINK, request, output)
        }
        Tickets::Unlink { of } => one(client, UNLINK, subject(of), output),
        Tickets::Sync => {
            let reply = client.call(SYNC, &json!({}))?;
            match output.format {
                Format::Table => output.note("the trackers are asked; see: portctl tickets list"),
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
        Tickets::Integrations => integrations::list(client, output),
        Tickets::Add { name, kind, tracker } => {
            integrations::add(client, connection, name, *kind, tracker, output)
        }
        Tickets::Modify { name, tracker, enable, disable } => {
            let enabled = (*enable || *disable).then_some(*enable);
            integrations::modify(client, connection, name, tracker, enabled, output)
        }
        Tickets::Remove { name } => integrations::remove(client, name, output),
        Tickets::Test { name } => integrations::test(client, name, output),
    }
}

fn subject(of: &Of) -> Map<String, Value> {
    let keys = [("issueId", &of.issue), ("eventId", &of.event)];
    keys.into_iter().filter_map(|(key, id)| Some((key.to_owned(), json!(id.as_ref()?)))).collect()
}

fn one(
    client: &Client,
    call: &'static str,
    request: Map<String, Value>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let reply = client.call(call, &Value::Object(request))?;
    match output.format {
        Format::Table => {
            let OneTicket { ticket } = client.parse(call, reply)?;
            listed::show(client, call, vec![ticket], COLUMNS, output, fields)?;
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

fn fields(ticket: &Ticket) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let (of, id) = match (&ticket.issue_id, &ticket.event_id) {
        (Some(id), _) => ("issue", id.as_str()),
        (None, Some(id)) => ("event", id.as_str()),
        (None, None) => ("", ""),
    };
    let tone = match ticket.state.as_str() {
        "FAILED" | "GONE" => Some(Tone::Bad),
        "QUEUED" => Some(Tone::Caution),
        _ => None,
    };
    let last = match ticket.problem.as_str() {
        "" => plain(&ticket.url),
        problem => (problem.to_owned(), Some(Tone::Bad)),
    };
    vec![
        plain(&ticket.key),
        (ticket.state.clone(), tone),
        plain(&ticket.tracker_state),
        plain(&ticket.integration),
        plain(of),
        plain(id),
        last,
    ]
}

/// As REST spells it: `acceptable-risk` is `ACCEPTABLE_RISK`.
fn word(value: &impl ValueEnum) -> String {
    let name = value.to_possible_value().map(|value| value.get_name().to_owned());
    upper(&name.unwrap_or_default())
}

fn upper(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}
