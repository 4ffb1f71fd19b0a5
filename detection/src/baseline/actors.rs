use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use ahash::RandomState;
use hashlink::LinkedHashMap;
use serde::{Deserialize, Serialize};

use super::{
    Departure, EndpointBaseline, Figure, Minute, QUIET, Sight, WARM_UP,
    range::{KeptRanges, Ranges},
    span,
};

/// The least recently seen goes first.
const MAX_ACTORS: usize = 16_384;
/// Endpoints of one actor whose identifiers are counted at once.
const MAX_COUNTED: usize = 4;
/// Identifiers are counted over so many minutes.
const COUNTED_OVER: Minute = 10;
/// Minutes of single actors after which what is usual for all of them means something.
const MIN_MINUTES: u64 = 500;

const RATE_FACTOR: f32 = 4.0;
const RATE_MARGIN: f32 = 60.0;
const IDENTIFIERS_FACTOR: f32 = 4.0;
const IDENTIFIERS_MARGIN: f32 = 40.0;

/// What each actor does, compared with what actors usually do.
#[derive(Debug, Default)]
pub(crate) struct Actors {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    /// Networks of two VNIs may use the same addresses.
    by_address: LinkedHashMap<(Option<u32>, IpAddr), Actor, RandomState>,
    /// Requests a minute of one actor, of all of them together.
    usual: Ranges<1>,
    since: Option<Minute>,
    evicted: u64,
}

#[derive(Debug)]
struct Actor {
    now: Minute,
    requests: u32,
    is_outside: bool,
    muted_until: Minute,
    counted: Vec<Counted>,
}

/// Different identifiers that an actor asked an endpoint for.
#[derive(Debug)]
struct Counted {
    /// [`EndpointBaseline::key`].
    endpoint: u64,
    began: Minute,
    seen: Bitmap,
    is_outside: bool,
}

pub(super) struct Seen {
    pub(super) departure: Option<Departure>,
    /// It was told of late.
    pub(super) is_muted: bool,
}

/// What is usual for all actors together, as it outlives the process. Who they were does not.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptActors {
    since: Option<Minute>,
    usual: KeptRanges,
}

impl Actors {
    pub(crate) fn kept(&self) -> KeptActors {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        KeptActors { since: table.since, usual: table.usual.kept() }
    }

    pub(crate) fn restore(&self, kept: &KeptActors) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        (table.since, table.usual) = (kept.since, Ranges::restored(&kept.usual));
    }

    pub(super) fn observe(
        &self,
        sight: &Sight<'_>,
        identifiers: Option<u64>,
        endpoint: &mut EndpointBaseline,
    ) -> Seen {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        table.observe(sight, identifiers, endpoint)
    }

    pub(crate) fn counters(&self) -> [(&'static str, u64); 2] {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        [("baseline_actors", table.by_address.len() as u64), ("baseline_actors_evicted_total", table.evicted)]
    }
}

impl Table {
    fn observe(
        &mut self,
        sight: &Sight<'_>,
        identifiers: Option<u64>,
        endpoint: &mut EndpointBaseline,
    ) -> Seen {
        let address = (sight.tagged.exchange.vni, sight.tagged.actor.address);
        let since = *self.since.get_or_insert(sight.minute);
        if self.by_address.to_back(&address).is_none() {
            if self.by_address.len() >= MAX_ACTORS {
                self.by_address.pop_front();
                self.evicted += 1;
            }
            self.by_address.insert(address, Actor::new(sight.minute));
        }
        let Some(actor) = self.by_address.get_mut(&address) else {
            return Seen { departure: None, is_muted: false };
        };
        if sight.minute > actor.now {
            self.usual.learn(actor.now, [Some(actor.requests as f32)], [actor.is_outside]);
            (actor.now, actor.requests, actor.is_outside) = (sight.minute, 0, false);
        }
        actor.requests += 1;
        let was_muted = sight.minute < actor.muted_until;
        let departure = identifiers
            .and_then(|identifier| actor.enumerates(identifier, sight.minute, endpoint))
            .or_else(|| {
                let is_warm =
                    self.usual.minutes >= MIN_MINUTES && sight.minute.saturating_sub(since) >= WARM_UP;
                let usual = self.usual.usual(0).filter(|_| is_warm)?;
                let rate = actor.requests as f32;
                if rate <= RATE_FACTOR * usual.most + RATE_MARGIN {
                    return None;
                }
                actor.is_outside = true;
                let over = span(sight.minute.saturating_sub(since).min(24 * 60));
                let (least, most) = (usual.least, usual.most);
                let text = format!(
                    "{rate:.0} requests a minute by one actor, usual {least:.0}–{most:.0} over {over}"
                );
                Some(Departure { figure: Figure::ActorRate, location: "actor".to_owned(), text })
            });
        if departure.is_some() {
            actor.muted_until = sight.minute + QUIET;
        }
        Seen { departure: departure.filter(|_| !was_muted), is_muted: sight.minute < actor.muted_until }
    }
}

impl Actor {
    fn new(now: Minute) -> Self {
        Self { now, requests: 0, is_outside: false, muted_until: 0, counted: Vec::new() }
    }

    fn enumerates(
        &mut self,
        identifier: u64,
        now: Minute,
        endpoint: &mut EndpointBaseline,
    ) -> Option<Departure> {
        let key = endpoint.key();
        let index = match self.counted.iter().position(|counted| counted.endpoint == key) {
            Some(index) => index,
            None => {
                if self.counted.len() >= MAX_COUNTED {
                    self.counted.remove(0);
                }
                let counted =
                    Counted { endpoint: key, began: now, seen: Bitmap::default(), is_outside: false };
                self.counted.push(counted);
                self.counted.len() - 1
            }
        };
        let counted = self.counted.get_mut(index)?;
        if now.saturating_sub(counted.began) >= COUNTED_OVER {
            endpoint.identifiers.learn(counted.began, [Some(counted.seen.estimate())], [counted.is_outside]);
            (counted.began, counted.seen, counted.is_outside) = (now, Bitmap::default(), false);
        }
        if !counted.seen.insert(identifier) || !endpoint.is_warm(now) {
            return None;
        }
        let usual = endpoint.identifiers.usual(0).map_or(1.0, |span| span.most);
        let estimate = counted.seen.estimate();
        if estimate <= IDENTIFIERS_FACTOR * usual + IDENTIFIERS_MARGIN {
            return None;
        }
        counted.is_outside = true;
        let text = format!(
            "{estimate:.0} different identifiers by one actor in {COUNTED_OVER} min, usual up to {usual:.0} {}",
            endpoint.over(now)
        );
        Some(Departure { figure: Figure::Identifiers, location: "url.path".to_owned(), text })
    }
}

/// Linear counting (Whang et al. 1990): right to a few percent up to about a thousand.
#[derive(Debug, Default)]
struct Bitmap([u64; 8]);

impl Bitmap {
    const BITS: u64 = 512;

    /// Whether that made a difference.
    fn insert(&mut self, hash: u64) -> bool {
        let bit = hash % Self::BITS;
        let Some(word) = self.0.get_mut((bit / 64) as usize) else { return false };
        let before = *word;
        *word |= 1 << (bit % 64);
        *word != before
    }

    fn estimate(&self) -> f32 {
        let empty: u32 = self.0.iter().map(|word| word.count_zeros()).sum();
        let bits = Self::BITS as f32;
        bits * (bits / (empty.max(1) as f32)).ln()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_identifiers_are_counted_to_a_few_percent() {
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        for count in [1, 12, 100, 600_u64] {
            let mut bitmap = Bitmap::default();
            for value in 0..count * 3 {
                bitmap.insert(hasher.hash_one(value % count));
            }
            let (estimate, count) = (bitmap.estimate(), count as f32);
            assert!((estimate - count).abs() <= 1.0 + count * 0.1, "{estimate} for {count}");
        }
    }
}
