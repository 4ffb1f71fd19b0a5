//! What endpoints and actors usually do, and who leaves it.
//!
//! Time comes with the exchanges. A figure is what happened in a minute; its usual range is the least and the most that
//! it was in the minutes of the last 24 hours in which there was traffic. Nothing is told before an hour and enough
//! exchanges have passed, and what left its range is not learned from, unless it stays so for an hour.

mod actors;
mod answers;
mod endpoint;
mod figure;
mod range;

use portcullis_exchange::{TaggedExchange, Timestamp};

pub use self::figure::Figure;
pub(crate) use self::{
    actors::{Actors, KeptActors},
    endpoint::{EndpointBaseline, KeptBaseline},
};
use crate::{EvidenceKind, Match, inventory::Met, view::Views};

/// Since the Unix epoch.
type Minute = u64;

const WARM_UP: Minute = 60;
/// What left its range is told again only after it was back in it for so long.
const QUIET: Minute = 30;

/// A figure that left its usual range.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Departure {
    pub(crate) figure: Figure,
    /// Where it shows, as [`crate::Match::location`].
    pub(crate) location: String,
    /// «4xx share 0.82, usual 0.00–0.05 over 3 h».
    pub(crate) text: String,
}

/// What of an exchange the baselines look at.
pub(crate) struct Sight<'x> {
    pub(crate) tagged: &'x TaggedExchange,
    pub(crate) views: &'x Views<'x>,
    pub(crate) minute: Minute,
    pub(crate) status: u16,
    pub(crate) answer_len: u64,
    /// An attack was found in the request.
    pub(crate) is_attack: bool,
}

impl<'x> Sight<'x> {
    pub(crate) fn of(tagged: &'x TaggedExchange, views: &'x Views<'x>, is_attack: bool) -> Option<Self> {
        let response = tagged.exchange.response.as_ref()?;
        Some(Self {
            tagged,
            views,
            minute: minute(tagged.exchange.completed_at),
            status: response.status,
            answer_len: response.body.decoded_len,
            is_attack,
        })
    }
}

/// What is unusual about an exchange.
#[derive(Debug, Default)]
pub(crate) struct Unusual {
    pub(crate) departures: Vec<Departure>,
    /// Where the request is an attack: what of the answer shows that it worked.
    pub(crate) answer: Option<(EvidenceKind, Match)>,
}

/// Compares an exchange at a known endpoint with what is usual, and learns from it.
pub(crate) fn observe(actors: &Actors, sight: &Sight<'_>, met: Met<'_>) -> Unusual {
    let Met { endpoint, identifiers, is_news, new_at } = met;
    let answer = if sight.is_attack { endpoint.baseline.unusual_answer(sight) } else { None };
    let seen = actors.observe(sight, identifiers, &mut endpoint.baseline);
    // One attack is told once: what an actor does who was just told of neither teaches nor accuses an endpoint.
    if seen.is_muted {
        return Unusual { departures: seen.departure.into_iter().collect(), answer };
    }
    let mut departures: Vec<Departure> = seen.departure.into_iter().collect();
    if departures.is_empty() {
        departures = endpoint.baseline.observe(sight, &endpoint.facts, is_news, new_at);
    }
    Unusual { departures, answer }
}

fn minute(time: Timestamp) -> Minute {
    time.seconds() / 60
}

/// «3 h», «25 min».
fn span(minutes: Minute) -> String {
    if minutes < 120 { format!("{minutes} min") } else { format!("{} h", minutes / 60) }
}

#[cfg(test)]
mod tests;
