//! `portctl block`: who is kept out, and until when.

mod change;
mod list;

use crate::{
    cli::Block as Verb,
    client::Client,
    failure::{Failure, Outcome},
    output::{Output, table::Field, terminal::Tone},
    reply::Applied,
};

pub(super) fn run(client: &Client, verb: &Verb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Verb::Add { cidrs, ttl, permanent, reason } => {
            let terms = change::Terms { ttl: *ttl, permanent: *permanent, reason: reason.as_deref() };
            change::add(client, cidrs, &terms, output)
        }
        Verb::Rm { cidrs } => change::remove(client, cidrs, output),
        Verb::List => list::run(client, output),
    }
}

/// Sensors that have it, of how many. One that refused has applied the revision all the same.
fn sensors(Applied { total, applied }: Applied, refused: usize) -> Field {
    let tone = if applied == total && total > 0 && refused == 0 { Tone::Good } else { Tone::Caution };
    let refused = if refused == 0 { String::new() } else { format!(", {refused} refused") };
    (format!("{applied}/{total}{refused}"), Some(tone))
}
