//! New events as they come. A sensor that was away tells of events that happened before, so what is new is known by its id
//! within an hour, not by its time.

use std::{collections::HashMap, thread, time::Duration};

use serde_json::{Value, json};

use super::{
    LIST,
    list::{COLUMNS, PAGE, fields},
};
use crate::{
    cli::EventFilter,
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output, Table, escape, when},
    reply::{Event, EventPage},
};

const EVERY: Duration = Duration::from_secs(2);
/// How far back events may lie that only come now, in seconds.
const LATE: i64 = 3_600;

pub(super) fn run(
    client: &Client,
    filter: &EventFilter,
    limit: Option<u32>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    // With --since, what is there already comes first.
    let mut seen = match filter.since {
        Some(_) => HashMap::new(),
        None => fetch(client, filter, &HashMap::new())?.iter().map(|(event, _)| key(event)).collect(),
    };
    let (mut left, mut was_away) = (limit.unwrap_or(u32::MAX), false);
    loop {
        match fetch(client, filter, &seen) {
            Ok(new) => {
                was_away = false;
                seen.extend(new.iter().map(|(event, _)| key(event)));
                let oldest = start(filter);
                seen.retain(|_, at| *at >= oldest);
                let count = new.len().min(left as usize);
                write(new.into_iter().take(count), output)?;
                left -= u32::try_from(count).unwrap_or(left);
                if left == 0 {
                    return Ok(Outcome::Done);
                }
            }
            // It may be restarting: whoever follows wants to go on.
            Err(failure @ Failure::Unreachable { .. }) => {
                if !was_away {
                    output.note(&format!("portctl: {failure}\n  trying again until it is there"));
                }
                was_away = true;
            }
            Err(failure) => return Err(failure),
        }
        thread::sleep(EVERY);
    }
}

fn key(event: &Event) -> (String, i64) {
    (event.id.clone(), event.timestamp)
}

fn start(filter: &EventFilter) -> i64 {
    filter.since.unwrap_or(0).max(when::now() - LATE)
}

/// Those that were not seen, the oldest first.
fn fetch(
    client: &Client,
    filter: &EventFilter,
    seen: &HashMap<String, i64>,
) -> Result<Vec<(Event, Value)>, Failure> {
    let mut request = filter.request();
    request.insert("sort".to_owned(), json!({"detectedAt": -1}));
    let first = if seen.is_empty() { filter.since.unwrap_or_else(|| start(filter)) } else { start(filter) };
    request.insert("startTimestamp".to_owned(), json!(first));
    request.insert("limit".to_owned(), json!(PAGE));
    let (mut new, mut skip) = (Vec::new(), 0);
    loop {
        request.insert("skip".to_owned(), json!(skip));
        let page: EventPage = client.call_for(LIST, &Value::Object(request.clone()))?;
        let count = page.malicious_events.len();
        for row in page.malicious_events {
            let event: Event = client.parse(LIST, row.clone())?;
            if !seen.contains_key(&event.id) {
                new.push((event, row));
            }
        }
        skip += count;
        if count < PAGE as usize {
            new.reverse();
            return Ok(new);
        }
    }
}

fn write(new: impl Iterator<Item = (Event, Value)>, output: &mut Output<'_>) -> Result<(), Failure> {
    if output.format != Format::Table {
        for (_, row) in new {
            output.text(&(escape::json(&row.to_string()) + "\n"))?;
        }
        return Ok(());
    }
    let mut table = Table::new(COLUMNS);
    let mut is_empty = true;
    for (event, _) in new {
        table.row(fields(&event));
        is_empty = false;
    }
    if !is_empty {
        output.text(&table.render(output.terminal).0)?;
    }
    Ok(())
}
