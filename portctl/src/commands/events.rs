//! `portctl events`: the list; new events as they come; one event; changing events.

mod change;
mod filter;
mod follow;
mod list;
mod show;

use crate::{
    cli::{EventVerb, Events, Status},
    client::Client,
    failure::{Failure, Outcome},
    output::{Output, terminal::Tone},
};

const LIST: &str = "fetchSuspectSampleData";

pub(super) fn run(client: &Client, events: &Events, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &events.verb {
        None if events.follow => follow::run(client, &events.filter, events.limit, output),
        None => list::run(client, &events.filter, events.limit, output),
        Some(EventVerb::Show { id, full }) => show::run(client, id, *full, output),
        Some(EventVerb::Review(events)) => change::status(client, events, Status::UnderReview, None, output),
        Some(EventVerb::Ignore { events, reason }) => {
            change::status(client, events, Status::Ignored, reason.as_deref(), output)
        }
        Some(EventVerb::Activate(events)) => change::status(client, events, Status::Active, None, output),
        Some(EventVerb::Delete(events)) => change::delete(client, events, output),
    }
}

fn severity_tone(severity: &str) -> Option<Tone> {
    match severity {
        "CRITICAL" | "HIGH" => Some(Tone::Bad),
        "MEDIUM" => Some(Tone::Caution),
        _ => None,
    }
}
