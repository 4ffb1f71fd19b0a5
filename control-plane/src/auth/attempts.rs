use std::{
    hash::{BuildHasher, Hash, RandomState},
    net::IpAddr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// Of one address, whatever it tries.
const PER_ADDRESS: Limit = Limit { slots: 65_536, failures: 10, window: Duration::from_secs(60) };
/// Of one name from one address: 960 guesses a day.
const PER_PAIR: Limit = Limit { slots: 65_536, failures: 10, window: Duration::from_secs(15 * 60) };
/// Of one name, from all addresses but those that it logged in from before: else anyone could shut its owner out.
const PER_NAME: Limit = Limit { slots: 8_192, failures: 100, window: Duration::from_secs(3_600) };
/// Pairs of a name and an address that logged in.
const KNOWN: usize = 65_536;

/// Slows down who tries keys and passwords at the log-in.
///
/// Tables of a fixed size, in which keys that fall on the same place share it: nobody can make them grow, and nobody can
/// push out what is counted against a name by failing at many others.
pub struct Attempts {
    addresses: Table,
    pairs: Table,
    names: Table,
    known: Known,
}

/// Failed log-ins that the audit log takes in a minute; all are counted in the metrics.
const NOTED_A_MINUTE: u32 = 60;

/// Keeps the audit log from being filled by who cannot log in.
pub struct FailuresNoted {
    slot: Mutex<Slot>,
    failures: AtomicU64,
}

impl Default for FailuresNoted {
    fn default() -> Self {
        Self { slot: Mutex::new(Slot { since: Instant::now(), count: 0 }), failures: AtomicU64::new(0) }
    }
}

impl FailuresNoted {
    /// Counts a failure; whether it is to be written down, too.
    pub fn may_note(&self, now: Instant) -> bool {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut slot = self.slot.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(slot.since) >= Duration::from_secs(60) {
            *slot = Slot { since: now, count: 0 };
        }
        slot.count = slot.count.saturating_add(1);
        slot.count <= NOTED_A_MINUTE
    }

    /// Since the start.
    pub fn total(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// How long to wait before the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

/// One attempt under way. It counts as failed unless it is forgotten, so that many at once are no way round.
#[must_use]
pub struct Attempt<'a> {
    places: Vec<(&'a Table, usize)>,
    /// Who it would make known, and where that is kept.
    pair: Option<(&'a Known, u64)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            addresses: Table::new(PER_ADDRESS),
            pairs: Table::new(PER_PAIR),
            names: Table::new(PER_NAME),
            known: Known { hash: RandomState::new(), pairs: Mutex::new(vec![0; KNOWN]) },
        }
    }
}

impl Attempts {
    /// An attempt with a key (no name) or with a name and a password.
    pub fn begin(&self, from: IpAddr, name: Option<&str>, now: Instant) -> Result<Attempt<'_>, Wait> {
        let mut attempt = Attempt { places: Vec::with_capacity(3), pair: None };
        attempt.count(&self.addresses, network(from), now)?;
        if let Some(name) = name {
            let pair = (name.to_lowercase(), network(from));
            attempt.count(&self.pairs, &pair, now)?;
            let known = self.known.hash.hash_one(&pair);
            if !self.known.has(known) {
                attempt.count(&self.names, &pair.0, now)?;
            }
            attempt.pair = Some((&self.known, known));
        }
        Ok(attempt)
    }
}

impl<'a> Attempt<'a> {
    fn count(&mut self, table: &'a Table, key: impl Hash, now: Instant) -> Result<(), Wait> {
        self.places.push((table, table.begin(key, now)?));
        Ok(())
    }
}

impl Attempt<'_> {
    /// It was right: not counted, and the name is let in from there however often others fail at it.
    pub fn succeeded(self) {
        if let Some((known, pair)) = self.pair {
            known.add(pair);
        }
        self.forget();
    }

    /// Nobody could say whether it was right: not counted.
    pub fn forget(self) {
        for (table, place) in self.places {
            table.give_back(place);
        }
    }
}

/// Who has one IPv6 address mostly has a whole /64.
fn network(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

/// Only who logged in writes here. Where two fall on one place, the last stays.
struct Known {
    hash: RandomState,
    pairs: Mutex<Vec<u64>>,
}

impl Known {
    fn has(&self, pair: u64) -> bool {
        let pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        pairs.get(Self::place(pair)) == Some(&pair)
    }

    fn add(&self, pair: u64) {
        let mut pairs = self.pairs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = pairs.get_mut(Self::place(pair)) {
            *place = pair;
        }
    }

    fn place(pair: u64) -> usize {
        usize::try_from(pair % KNOWN as u64).unwrap_or_default()
    }
}

#[derive(Clone, Copy)]
struct Limit {
    slots: usize,
    failures: u32,
    window: Duration,
}

struct Table {
    limit: Limit,
    /// With a random key, so that nobody knows whose place is whose.
    hash: RandomState,
    slots: Mutex<Vec<Option<Slot>>>,
}

#[derive(Clone, Copy)]
struct Slot {
    since: Instant,
    count: u32,
}

impl Table {
    fn new(limit: Limit) -> Self {
        Self { limit, hash: RandomState::new(), slots: Mutex::new(vec![None; limit.slots]) }
    }

    /// Counts an attempt; gives the place it is counted at.
    fn begin(&self, key: impl Hash, now: Instant) -> Result<usize, Wait> {
        let slots = self.limit.slots as u64;
        let place = usize::try_from(self.hash.hash_one(key) % slots).unwrap_or_default();
        let mut slots = self.lock();
        let Some(slot) = slots.get_mut(place) else { return Ok(place) };
        let fresh = Slot { since: now, count: 0 };
        let current = slot.get_or_insert(fresh);
        let past = now.duration_since(current.since);
        if past >= self.limit.window {
            *current = fresh;
        }
        if current.count >= self.limit.failures {
            return Err(Wait(self.limit.window.saturating_sub(past)));
        }
        current.count += 1;
        Ok(place)
    }

    fn give_back(&self, place: usize) {
        if let Some(Some(slot)) = self.lock().get_mut(place) {
            slot.count = slot.count.saturating_sub(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn ten_failures_close_the_door_for_a_minute_for_that_address_alone() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..10 {
            drop(attempts.begin(one, None, now).unwrap_or_else(|_| panic!("refused too early")));
        }
        let later = now + Duration::from_secs(20);
        assert_eq!(attempts.begin(one, None, later).err(), Some(Wait(Duration::from_secs(40))));
        assert!(attempts.begin(other, None, later).is_ok());
        assert!(attempts.begin(one, None, now + Duration::from_secs(60)).is_ok());
    }

    #[test]
    fn who_guesses_a_name_shuts_out_nobody_but_themselves() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let from = address("198.51.100.1");
        for minute in 0..10 {
            let name = if minute % 2 == 0 { "ada" } else { "ADA" };
            drop(attempts.begin(from, Some(name), now).ok().unwrap());
        }
        let later = now + Duration::from_secs(120);
        assert!(attempts.begin(from, Some("Ada"), later).is_err());
        assert!(attempts.begin(from, Some("grace"), later).is_ok());
        assert!(attempts.begin(address("203.0.113.1"), Some("ada"), now).is_ok());
    }

    #[test]
    fn a_name_guessed_from_many_addresses_closes_but_for_those_its_owner_came_from() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let home = address("203.0.113.1");
        attempts.begin(home, Some("ada"), now).ok().unwrap().succeeded();
        for number in 0..100 {
            drop(attempts.begin(IpAddr::from([198, 51, 100, number]), Some("ada"), now).ok().unwrap());
        }
        assert!(attempts.begin(address("203.0.113.2"), Some("ada"), now).is_err());
        assert!(attempts.begin(address("203.0.113.2"), Some("grace"), now).is_ok());
        assert!(attempts.begin(home, Some("Ada"), now).is_ok());
        let later = now + Duration::from_secs(3_600);
        assert!(attempts.begin(address("203.0.113.2"), Some("ada"), later).is_ok());
    }

    #[test]
    fn success_is_not_counted_and_attempts_at_once_are() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for _ in 0..100 {
            attempts.begin(address("192.0.2.1"), Some("ada"), now).ok().unwrap().forget();
        }
        let held: Vec<_> = (0..10).map(|_| attempts.begin(address("192.0.2.1"), None, now)).collect();
        assert!(held.iter().all(Result::is_ok));
        assert!(attempts.begin(address("192.0.2.1"), None, now).is_err());
    }

    #[test]
    fn one_who_has_a_whole_ipv6_network_counts_as_one() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..10 {
            let from = address(&format!("2001:db8::{number}"));
            drop(attempts.begin(from, None, now).ok().unwrap());
        }
        assert!(attempts.begin(address("2001:db8::ffff"), None, now).is_err());
        assert!(attempts.begin(address("2001:db8:0:1::1"), None, now).is_ok());
    }
}
