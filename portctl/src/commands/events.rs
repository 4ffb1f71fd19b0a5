//! `portctl events`: the list; one event; moving events to another status.

mod list;
mod show;
mod status;

use crate::{
    cli::{EventVerb, Events, Status},
    client::Client,
    failure::{Failure, Outcome},
    output::{Output, terminal::Tone},
};

const LIST: &str = "fetchSuspectSampleData";

pub(super) fn run(client: &Client, events: &Events, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &events.verb {
        None => list::run(client, &events.filter, output),
        Some(EventVerb::Show { id, full }) => show::run(client, id, *full, output),
        Some(EventVerb::Review(events)) => {
            status::run(client, &events.ids, Status::UnderReview, None, output)
        }
        Some(EventVerb::Ignore { events, reason }) => {
            status::run(client, &events.ids, Status::Ignored, reason.as_deref(), output)
        }
        Some(EventVerb::Activate(events)) => status::run(client, &events.ids, Status::Active, None, output),
    }
}

fn severity_tone(severity: &str) -> Option<Tone> {
    match severity {
        "CRITICAL" | "HIGH" => Some(Tone::Bad),
        "MEDIUM" => Some(Tone::Caution),
        _ => None,
    }
}
