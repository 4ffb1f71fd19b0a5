use std::{
    collections::VecDeque,
    net::IpAddr,
    time::{Duration, Instant},
};

use super::distinct::{Distinct, Seed, WINDOW};

/// How much policies may block before it is they who are in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Automatic blocks within a minute; 0 allows none at all.
    pub per_minute: u32,
    /// Percent of the actors of the last ten minutes, once those are [`Limits::FEW`] or more.
    pub share: u8,
}

impl Limits {
    /// Of fewer actors a share says nothing.
    pub const FEW: u64 = 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_minute: 60, share: 10 }
    }
}

/// Stops automatic blocks where there are too many of them: so does a bad policy cut off all customers.
///
/// It arms itself again after ten minutes at the earliest, and not before what would be blocked is down to half of
/// the limits: else a policy that is wrong would block another tenth of the customers every ten minutes.
pub(super) struct Breaker {
    limits: Limits,
    seen: Distinct,
    /// Who was blocked automatically, or would have been.
    struck: Distinct,
    /// When blocks of the last minute were made; as many as the limit at most.
    made: VecDeque<Instant>,
    tripped: Option<Trip>,
    trips: u64,
    seed: Seed,
}

#[derive(Clone, Debug)]
pub(super) struct Trip {
    pub(super) at: Instant,
    pub(super) reason: String,
}

const MINUTE: Duration = Duration::from_secs(60);
const COOL_DOWN: Duration = WINDOW;
const WINDOW_MINUTES: u64 = WINDOW.as_secs() / 60 - 1;

impl Breaker {
    pub(super) fn new(limits: Limits, now: Instant) -> Self {
        let seed = Seed::default();
        let (seen, struck) = (Distinct::new(now, seed.clone()), Distinct::new(now, seed.clone()));
        Self { limits, seen, struck, made: VecDeque::new(), tripped: None, trips: 0, seed }
    }

    /// An actor did something, good or bad.
    pub(super) fn see(&mut self, now: Instant, actor: IpAddr) {
        self.seen.note(now, actor);
    }

    /// Whether one more block may be made. Where not, it trips.
    pub(super) fn admits(&mut self, now: Instant, actor: IpAddr) -> Result<(), Trip> {
        self.struck.note(now, actor);
        if let Some(trip) = &self.tripped {
            return Err(trip.clone());
        }
        while self.made.front().is_some_and(|made| now.duration_since(*made) >= MINUTE) {
            self.made.pop_front();
        }
        let Limits { per_minute, share } = self.limits;
        let is_fast = self.made.len() >= usize::try_from(per_minute).unwrap_or(usize::MAX);
        let (seen, struck) = self.counts(now);
        let reason = if is_fast {
            format!("{per_minute} automatic blocks within a minute")
        } else if seen >= Limits::FEW && struck * 100 > seen * u64::from(share) {
            format!("{struck} of the {seen} actors of the last ten minutes, more than {share} percent")
        } else {
            return Ok(());
        };
        let trip = Trip { at: now, reason };
        self.tripped = Some(trip.clone());
        self.trips += 1;
        Err(trip)
    }

    /// A block was made.
    pub(super) fn count(&mut self, now: Instant) {
        self.made.push_back(now);
    }

    /// True where it has armed itself again just now.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        let Some(trip) = &self.tripped else { return false };
        if now.duration_since(trip.at) < COOL_DOWN {
            return false;
        }
        let Limits { per_minute, share } = self.limits;
        let (seen, struck) = self.counts(now);
        let of_late = self.struck.count(now, 1);
        let is_share_calm = seen < Limits::FEW || struck * 200 <= seen * u64::from(share);
        let is_calm = of_late * 2 <= u64::from(per_minute) && is_share_calm;
        if is_calm {
            self.tripped = None;
            self.made.clear();
        }
        is_calm
    }

    /// Somebody looked `age` ago, and wants it armed. What was struck before counts no more, or the next one would trip
    /// it. False where it was armed, or has tripped since.
    pub(super) fn arm(&mut self, now: Instant, age: Duration) -> bool {
        if self.tripped.as_ref().is_none_or(|trip| now.duration_since(trip.at) < age) {
            return false;
        }
        self.tripped = None;
        self.made.clear();
        self.struck = Distinct::new(now, self.seed.clone());
        true
    }

    pub(super) fn tripped(&self) -> Option<&Trip> {
        self.tripped.as_ref()
    }

    pub(super) fn trips(&self) -> u64 {
        self.trips
    }

    fn counts(&self, now: Instant) -> (u64, u64) {
        (self.seen.count(now, WINDOW_MINUTES), self.struck.count(now, WINDOW_MINUTES))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn actor(n: u32) -> IpAddr {
        Ipv4Addr::from(0xcb00_7100 + n).into()
    }

    fn after(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    /// Asks for a block, and makes it where it may be.
    fn strike(breaker: &mut Breaker, now: Instant, n: u32) -> bool {
        breaker.see(now, actor(n));
        let admitted = breaker.admits(now, actor(n)).is_ok();
        if admitted {
            breaker.count(now);
        }
        admitted
    }

    #[test]
    fn more_than_so_many_a_minute_trip_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits { per_minute: 3, share: 100 }, start);
        assert!((0..3).all(|n| strike(&mut breaker, after(start, n.into()), n)));
        assert!(!strike(&mut breaker, after(start, 30), 9));
        assert_eq!(breaker.tripped().unwrap().reason, "3 automatic blocks within a minute");
        assert!(!strike(&mut breaker, after(start, 70), 10), "it stays so");

        let mut breaker = Breaker::new(Limits { per_minute: 3, share: 100 }, start);
        assert!(
            (0..30).all(|n| strike(&mut breaker, after(start, u64::from(n) * 20), n)),
            "no more than allowed"
        );
    }

    #[test]
    fn a_tenth_of_twenty_actors_is_allowed_and_one_more_trips_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits::default(), start);
        (100..118).for_each(|n| breaker.see(start, actor(n)));
        assert!(strike(&mut breaker, start, 1) && strike(&mut breaker, start, 2));
        assert!(!strike(&mut breaker, start, 3));
        let reason = &breaker.tripped().unwrap().reason;
        assert_eq!(reason, "3 of the 21 actors of the last ten minutes, more than 10 percent");
        assert_eq!(breaker.trips(), 1);
    }

    #[test]
    fn of_a_few_actors_all_may_be_blocked() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits::default(), start);
        assert!((0..19).all(|n| strike(&mut breaker, start, n)));
    }

    #[test]
    fn it_arms_itself_again_once_it_was_calm_and_not_before() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits { per_minute: 4, share: 100 }, start);
        assert!(!(0..5).all(|n| strike(&mut breaker, start, n)));
        assert!(breaker.tripped().is_some());
        assert!(!breaker.tick(after(start, 599)), "ten minutes at least");
        // Three a minute are less than the limit and more than its half.
        assert!(!(0..3).any(|n| strike(&mut breaker, after(start, 600), n)));
        assert!(!breaker.tick(after(start, 601)));
        assert!(breaker.tick(after(start, 800)));
        assert!(strike(&mut breaker, after(start, 801), 7));
        assert!(!breaker.tick(after(start, 802)), "told once");
    }

    #[test]
    fn a_person_arms_it_and_what_trips_it_after_that_stays() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits { per_minute: 60, share: 10 }, start);
        (100..130).for_each(|n| breaker.see(start, actor(n)));
        assert!(!breaker.arm(start, Duration::ZERO), "it is armed");
        assert!(!(0..9).all(|n| strike(&mut breaker, after(start, 10), n)));
        assert!(!breaker.arm(after(start, 12), Duration::from_secs(3)), "that was before it tripped");
        assert!(breaker.tripped().is_some());
        assert!(breaker.arm(after(start, 12), Duration::from_secs(1)));
        assert!(strike(&mut breaker, after(start, 13), 20) && strike(&mut breaker, after(start, 13), 21));
        assert!(!(30..39).all(|n| strike(&mut breaker, after(start, 14), n)), "the limits are the same");
        assert_eq!(breaker.trips(), 2);
    }

    #[test]
    fn none_are_allowed_where_the_limit_is_nought() {
        let start = Instant::now();
        let mut breaker = Breaker::new(Limits { per_minute: 0, share: 100 }, start);
        assert!(!strike(&mut breaker, start, 1));
    }
}
