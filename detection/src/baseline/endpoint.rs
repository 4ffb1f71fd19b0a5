use std::sync::atomic::{AtomicU64, Ordering};

use portcullis_exchange::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Departure, Figure, Minute, QUIET, Sight, WARM_UP,
    answers::{KeptAnswers, UsualAnswers},
    minute,
    range::{KeptRanges, Ranges},
    span,
};
use crate::{
    EvidenceKind, Match,
    inventory::{AuthKind, EndpointFacts, ParameterPlace, auth_of, parameters},
};

/// Minutes with traffic, and requests, after which a range means something.
const MIN_MINUTES: u64 = 20;
const MIN_REQUESTS: u64 = 300;
/// So often all requests must have been alike before another one is told.
const MIN_ALIKE: u64 = 500;

/// Past three times the most, and so many besides: what is rare varies more.
const RATE_FACTOR: f32 = 3.0;
const RATE_MARGIN: f32 = 30.0;
/// Requests of a minute below which a share means nothing; for learning fewer do.
const MIN_OF_SHARE: u32 = 20;
const MIN_TO_LEARN: u32 = 5;
const CLIENT_MARGIN: f32 = 0.3;
const SERVER_MARGIN: f32 = 0.2;
const SIZE_FACTOR: f32 = 16.0;
const SIZE_FLOOR: f32 = 65_536.0;

const RATE: usize = 0;
const CLIENT: usize = 1;
const SERVER: usize = 2;
const SIZE: usize = 3;

/// What is usual at one endpoint.
#[derive(Debug)]
pub(crate) struct EndpointBaseline {
    /// Tells it from every other.
    key: u64,
    since: Minute,
    now: Minute,
    requests: u32,
    client_errors: u32,
    server_errors: u32,
    largest: u64,
    /// Within this minute.
    is_outside: [bool; 4],
    /// Over all.
    all: [u64; 3],
    ranges: Ranges<4>,
    answers: UsualAnswers,
    /// By [`Figure`]: the last minute in which it was outside.
    last_outside: [Option<Minute>; Figure::ALL.len()],
    pub(super) identifiers: Ranges<1>,
}

/// What was usual, as it outlives the process: without the open minute.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptBaseline {
    since: Minute,
    all: [u64; 3],
    ranges: KeptRanges,
    answers: KeptAnswers,
    identifiers: KeptRanges,
}

/// A figure of the open minute, its value, and the most that it usually is.
struct Outside {
    index: usize,
    figure: Figure,
    value: f32,
    most: f32,
}

impl EndpointBaseline {
    pub(crate) fn new(now: Timestamp) -> Self {
        static KEYS: AtomicU64 = AtomicU64::new(0);
        Self {
            key: KEYS.fetch_add(1, Ordering::Relaxed),
            since: minute(now),
            now: minute(now),
            requests: 0,
            client_errors: 0,
            server_errors: 0,
            largest: 0,
            is_outside: [false; 4],
            all: [0; 3],
            ranges: Ranges::default(),
            answers: UsualAnswers::default(),
            last_outside: [None; Figure::ALL.len()],
            identifiers: Ranges::default(),
        }
    }

    pub(crate) fn kept(&self) -> KeptBaseline {
        KeptBaseline {
            since: self.since,
            all: self.all,
            ranges: self.ranges.kept(),
            answers: self.answers.kept(),
            identifiers: self.identifiers.kept(),
        }
    }

    pub(crate) fn restored(kept: KeptBaseline, now: Timestamp) -> Self {
        Self {
            since: kept.since,
            all: kept.all,
            ranges: Ranges::restored(&kept.ranges),
            answers: UsualAnswers::restored(kept.answers),
            identifiers: Ranges::restored(&kept.identifiers),
            ..Self::new(now)
        }
    }

    pub(super) const fn key(&self) -> u64 {
        self.key
    }

    pub(super) fn is_warm(&self, now: Minute) -> bool {
        let [requests, ..] = self.all;
        now.saturating_sub(self.since) >= WARM_UP
            && self.ranges.minutes >= MIN_MINUTES
            && requests >= MIN_REQUESTS
    }

    /// «over 3 h»
    pub(super) fn over(&self, now: Minute) -> String {
        format!("over {}", span(now.saturating_sub(self.since).min(24 * 60)))
    }

    /// How the answer to an attack differs from the usual ones, where that shows success.
    pub(super) fn unusual_answer(&self, sight: &Sight<'_>) -> Option<(EvidenceKind, Match)> {
        if !self.is_warm(sight.minute) {
            return None;
        }
        self.answers.difference(sight, &self.over(sight.minute))
    }

    /// Whether this is told: it was not outside of late.
    pub(super) fn tells(&mut self, figure: Figure, now: Minute) -> bool {
        let Some(last) = self.last_outside.get_mut(figure as usize) else { return false };
        last.replace(now).is_none_or(|last| now.saturating_sub(last) > QUIET)
    }

    pub(super) fn observe(
        &mut self,
        sight: &Sight<'_>,
        facts: &EndpointFacts,
        is_news: bool,
        new_at: Option<(u64, Timestamp)>,
    ) -> Vec<Departure> {
        let mut departures = Vec::new();
        // A late one counts in the minute that is open.
        if sight.minute > self.now {
            self.close();
            self.now = sight.minute;
        }
        let now = self.now;
        if !sight.is_attack {
            self.answers.note(sight);
        }
        self.requests += 1;
        self.client_errors += u32::from((400..500).contains(&sight.status));
        self.server_errors += u32::from(sight.status >= 500);
        self.largest = self.largest.max(sight.answer_len);
        if let Some((requests, since)) = new_at {
            departures.extend(self.new_method(sight, requests, since));
        }
        if !self.is_warm(now) {
            return departures;
        }
        for Outside { index, figure, value, most } in self.outside(sight.answer_len) {
            if let Some(outside) = self.is_outside.get_mut(index) {
                *outside = true;
            }
            if self.tells(figure, now) {
                let least = self.ranges.usual(index).map_or(0.0, |span| span.least);
                let usual = if figure == Figure::ClientErrors || figure == Figure::ServerErrors {
                    format!("{least:.2}–{most:.2}")
                } else {
                    format!("{least:.0}–{most:.0}")
                };
                let text = format!("{}, usual {usual} {}", said(figure, value), self.over(now));
                departures.push(Departure { figure, location: "response".to_owned(), text });
            }
        }
        if is_news {
            departures.extend(self.missing_auth(sight, facts));
            departures.extend(self.new_parameter(sight, facts));
        }
        departures
    }

    /// Ends the minute: learns from it.
    fn close(&mut self) {
        self.answers.close(self.now);
        if self.requests > 0 {
            let share =
                |count: u32| (self.requests >= MIN_TO_LEARN).then_some(count as f32 / self.requests as f32);
            let values = [
                Some(self.requests as f32),
                share(self.client_errors),
                share(self.server_errors),
                Some(self.largest as f32),
            ];
            self.ranges.learn(self.now, values, self.is_outside);
            let counts = [self.requests, self.client_errors, self.server_errors];
            self.all.iter_mut().zip(counts).for_each(|(all, count)| *all += u64::from(count));
        }
        (self.requests, self.client_errors, self.server_errors, self.largest) = (0, 0, 0, 0);
        self.is_outside = [false; 4];
    }

    /// The figures of the open minute that are outside.
    fn outside(&self, answer_len: u64) -> Vec<Outside> {
        let mut outside = Vec::new();
        let most = |index: usize| self.ranges.usual(index).map_or(0.0, |span| span.most);
        let rate = self.requests as f32;
        if rate > RATE_FACTOR * most(RATE) + RATE_MARGIN {
            outside.push(Outside {
                index: RATE,
                figure: Figure::EndpointRate,
                value: rate,
                most: most(RATE),
            });
        }
        if self.requests >= MIN_OF_SHARE {
            let [all, client, server] = self.all;
            for (index, figure, count, ever, margin) in [
                (CLIENT, Figure::ClientErrors, self.client_errors, client, CLIENT_MARGIN),
                (SERVER, Figure::ServerErrors, self.server_errors, server, SERVER_MARGIN),
            ] {
                // Of an endpoint with a request now and then, single minutes say nothing, but all of them together do.
                let most = most(index).max(ever as f32 / all.max(1) as f32);
                let value = count as f32 / rate;
                if value > (RATE_FACTOR * most).min(0.95).max(most + margin) {
                    outside.push(Outside { index, figure, value, most });
                }
            }
        }
        let (value, most) = (answer_len as f32, most(SIZE));
        if value > (SIZE_FACTOR * most).max(SIZE_FLOOR) {
            outside.push(Outside { index: SIZE, figure: Figure::AnswerSize, value, most });
        }
        outside
    }

    fn new_method(&mut self, sight: &Sight<'_>, requests: u64, since: Timestamp) -> Option<Departure> {
        let age = sight.minute.saturating_sub(minute(since));
        if requests < MIN_ALIKE || age < WARM_UP || !self.tells(Figure::NewMethod, sight.minute) {
            return None;
        }
        let method = sight.tagged.exchange.request.as_ref()?.method.clone();
        let over = span(age.min(24 * 60));
        let text = format!("method {method}, never answered in {requests} requests to this path over {over}");
        Some(Departure { figure: Figure::NewMethod, location: "request.method".to_owned(), text })
    }

    fn missing_auth(&mut self, sight: &Sight<'_>, facts: &EndpointFacts) -> Option<Departure> {
        let request = sight.tagged.exchange.request.as_ref()?;
        let [without, ..] = facts.auth;
        // This one is counted already.
        if !(200..300).contains(&sight.status) || without != 1 || facts.requests <= MIN_ALIKE {
            return None;
        }
        if auth_of(request, sight.views) != AuthKind::None || !self.tells(Figure::MissingAuth, sight.minute) {
            return None;
        }
        let usual = AuthKind::ALL.into_iter().zip(facts.auth).max_by_key(|(_, count)| *count)?.0;
        let text = format!(
            "answered {} without credentials, usual {} in all of {} requests {}",
            sight.status,
            usual.name(),
            facts.requests - 1,
            self.over(sight.minute)
        );
        Some(Departure {
            figure: Figure::MissingAuth,
            location: "request.header.authorization".to_owned(),
            text,
        })
    }

    fn new_parameter(&mut self, sight: &Sight<'_>, facts: &EndpointFacts) -> Option<Departure> {
        if sight.status >= 400 || facts.requests <= MIN_ALIKE {
            return None;
        }
        let is_new = |place: ParameterPlace, name: &str| {
            let same = |known: &&crate::inventory::Parameter| known.place == place && *known.name == *name;
            facts.parameters.iter().find(same).is_some_and(|known| known.seen == 1)
        };
        let (place, field) = parameters(sight.views)
            .find(|(place, field)| *place != ParameterPlace::Cookie && is_new(*place, &field.name))?;
        // Where names are made up, or not all could be kept, a new one is nothing new.
        if facts.parameters_left_out > 0 || !self.tells(Figure::NewParameter, sight.minute) {
            return None;
        }
        let text = format!(
            "parameter `{}` in the {}, never seen in {} requests {}",
            field.name,
            place.name(),
            facts.requests - 1,
            self.over(sight.minute)
        );
        Some(Departure { figure: Figure::NewParameter, location: field.location(), text })
    }
}

fn said(figure: Figure, value: f32) -> String {
    match figure {
        Figure::ClientErrors => format!("4xx share {value:.2}"),
        Figure::ServerErrors => format!("5xx share {value:.2}"),
        Figure::AnswerSize => format!("answer of {value:.0} bytes"),
        _ => format!("{value:.0} requests a minute"),
    }
}
