//! `review`, `ignore`, `activate`, `delete`: one change for all ids, or for exactly what a filter lists.

use serde_json::{Map, Value, json};

use super::LIST;
use crate::{
    cli::{Selection, Status},
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output},
    reply::{Changed, EventPage},
};

const UPDATE: &str = "updateMaliciousEventStatus";
const DELETE: &str = "deleteMaliciousEvents";

pub(super) fn status(
    client: &Client,
    events: &Selection,
    status: Status,
    reason: Option<&str>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut change = Map::new();
    change.insert("status".to_owned(), json!(status.as_str()));
    change.extend(reason.map(|reason| ("reason".to_owned(), json!(reason))));
    run(client, events, (UPDATE, change, status.as_str()), output)
}

pub(super) fn delete(
    client: &Client,
    events: &Selection,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    run(client, events, (DELETE, Map::new(), "deleted"), output)
}

/// The call, what it asks for besides the events, and what is then said.
type Change = (&'static str, Map<String, Value>, &'static str);

fn run(
    client: &Client,
    events: &Selection,
    (call, mut request, done): Change,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let filter = events.filter.request();
    let mut ids = events.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    let asked = match (ids.is_empty(), filter.is_empty()) {
        (true, true) => {
            return Err(Failure::Usage(
                "which events? name their ids, or a filter as for `portctl events` (--actor, --policy, --since, …)"
                    .to_owned(),
            ));
        }
        (false, true) => {
            request.insert("eventIds".to_owned(), json!(ids));
            Some(ids.len())
        }
        (false, false) => return Err(Failure::Usage("ids go without a filter".to_owned())),
        (true, false) => {
            if !events.yes {
                let mut count = filter;
                count.insert("limit".to_owned(), json!(0));
                let found: EventPage = client.call_for(LIST, &Value::Object(count))?;
                output.note(&format!(
                    "{} events are like that; nothing was changed. With --yes they are {done}",
                    found.total
                ));
                return Ok(Outcome::Failed);
            }
            request.extend(filter);
            None
        }
    };
    let reply = client.call(call, &Value::Object(request))?;
    let changed = client.parse::<Changed>(call, reply.clone())?.count();
    let of = asked.unwrap_or(changed);
    let changed = changed.min(of);
    match output.format {
        Format::Table => output.text(&format!("{done}: {changed} of {of} events\n"))?,
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    if changed < of {
        output.note(&format!(
            "{} of {of} ids were not found; list what is there with: portctl events",
            of - changed
        ));
    }
    Ok(Outcome::of(changed, of))
}
