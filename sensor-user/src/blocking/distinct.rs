use std::{
    hash::BuildHasher as _,
    net::IpAddr,
    time::{Duration, Instant},
};

/// Of this process alone, so that nobody can choose addresses that count as one.
#[cfg(not(test))]
pub(super) type Seed = std::hash::RandomState;
/// The same in every run, because tests ask for exact counts, and a few seeds in a hundred are off by one.
#[cfg(test)]
pub(super) type Seed = std::hash::BuildHasherDefault<std::hash::DefaultHasher>;

/// How many different addresses were there in the last ten minutes: a HyperLogLog for each minute (Flajolet et al.,
/// 2007), which takes 45 KB however many they are, and is off by 1.6 % (standard error).
pub(super) struct Distinct {
    seed: Seed,
    start: Instant,
    minutes: Vec<Minute>,
}

struct Minute {
    number: u64,
    registers: Vec<u8>,
}

pub(super) const WINDOW: Duration = Duration::from_secs(600);

const MINUTES: usize = 11;
const REGISTER_BITS: u32 = 12;
const REGISTERS: usize = 1 << REGISTER_BITS;

impl Distinct {
    /// Two with one seed can be compared: of addresses that both hold they miss the same ones.
    pub(super) fn new(start: Instant, seed: Seed) -> Self {
        let minutes = (0..MINUTES).map(|_| Minute { number: 0, registers: vec![0; REGISTERS] }).collect();
        Self { seed, start, minutes }
    }

    pub(super) fn note(&mut self, now: Instant, address: IpAddr) {
        let number = self.minute(now);
        let hash = self.seed.hash_one(subscriber(address));
        let Some(minute) = slot(number).and_then(|slot| self.minutes.get_mut(slot)) else { return };
        if minute.number != number {
            minute.number = number;
            minute.registers.fill(0);
        }
        let index = usize::try_from(hash >> (u64::BITS - REGISTER_BITS)).unwrap_or(0);
        let rank = u8::try_from((hash << REGISTER_BITS).leading_zeros().min(u64::BITS - REGISTER_BITS) + 1);
        if let (Some(register), Ok(rank)) = (minute.registers.get_mut(index), rank) {
            *register = rank.max(*register);
        }
    }

    /// In this minute and the `before` ones before it.
    pub(super) fn count(&self, now: Instant, before: u64) -> u64 {
        let number = self.minute(now);
        let mut merged = [0_u8; REGISTERS];
        for minute in &self.minutes {
            if minute.number + before >= number && minute.number <= number {
                for (most, register) in merged.iter_mut().zip(&minute.registers) {
                    *most = (*most).max(*register);
                }
            }
        }
        estimate(&merged)
    }

    fn minute(&self, now: Instant) -> u64 {
        // From one on: no minute is that of a slot that was never used.
        now.saturating_duration_since(self.start).as_secs() / 60 + MINUTES as u64
    }
}

fn slot(minute: u64) -> Option<usize> {
    usize::try_from(minute % MINUTES as u64).ok()
}

/// One subscriber has a whole /64 of IPv6 to choose addresses from (RFC 6177), and must not count as many.
fn subscriber(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6) >> 64 << 64,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a positive estimate, far from the ends of either type"
)]
fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    let registers_count = REGISTERS as f64;
    let sum: f64 = registers.iter().map(|rank| 0.5_f64.powi(i32::from(*rank))).sum();
    let raw = 0.7213 / (1.0 + 1.079 / registers_count) * registers_count * registers_count / sum;
    let empty = registers.iter().filter(|rank| **rank == 0).count() as f64;
    let estimated = if raw <= 2.5 * registers_count && empty > 0.0 {
        registers_count * (registers_count / empty).ln()
    } else {
        raw
    };
    estimated.round() as u64
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn few_are_counted_exactly_and_many_closely() {
        let start = Instant::now();
        for (actors, tolerance) in [(0, 0), (1, 0), (20, 0), (100, 2), (1_000, 40), (200_000, 16_000)] {
            let mut distinct = Distinct::new(start, Seed::default());
            for _ in 0..2 {
                (0..actors).for_each(|n: u32| distinct.note(start, Ipv4Addr::from(n).into()));
            }
            let counted = distinct.count(start, 9);
            assert!(counted.abs_diff(actors.into()) <= tolerance, "{counted} of {actors}");
        }
    }

    #[test]
    fn who_was_not_seen_for_ten_minutes_is_forgotten() {
        let start = Instant::now();
        let after = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let mut distinct = Distinct::new(start, Seed::default());
        let note = |distinct: &mut Distinct, minute, last: u8| {
            distinct.note(after(minute), [192, 0, 2, last].into());
        };
        note(&mut distinct, 0, 1);
        note(&mut distinct, 5, 2);
        note(&mut distinct, 5, 1);
        assert_eq!((distinct.count(after(5), 10), distinct.count(after(10), 10)), (2, 2));
        assert_eq!(distinct.count(after(15), 9), 0);
        note(&mut distinct, 11, 3);
        assert_eq!((distinct.count(after(11), 10), distinct.count(after(11), 1)), (3, 1));
        assert_eq!(distinct.count(after(500), 10), 0);
    }

    #[test]
    fn a_subscribers_many_addresses_are_one() {
        let start = Instant::now();
        let mut distinct = Distinct::new(start, Seed::default());
        for last in 0..1_000 {
            distinct.note(start, format!("2001:db8:1:2::{last:x}").parse().unwrap());
        }
        assert_eq!(distinct.count(start, 9), 1);
    }
}
