use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(60);
const FAILURES_PER_WINDOW: u32 = 10;
/// Addresses remembered at once. Past it, an address that is not remembered has to wait, too.
const REMEMBERED: usize = 10_000;

/// Slows down who tries keys at the login: so many failures per address and minute.
#[derive(Default)]
pub struct Attempts {
    failures: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Attempts {
    /// Whether this address may try now.
    pub fn allowed(&self, address: IpAddr, now: Instant) -> bool {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= REMEMBERED {
            failures.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        }
        match failures.get(&address) {
            Some((since, count)) => now.duration_since(*since) >= WINDOW || *count < FAILURES_PER_WINDOW,
            None => failures.len() < REMEMBERED,
        }
    }

    pub fn failed(&self, address: IpAddr, now: Instant) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = failures.entry(address).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_failures_close_the_door_for_a_minute_for_that_address_alone() {
        let (attempts, now) = (Attempts::default(), Instant::now());
        let (one, other) = ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        for _ in 0..FAILURES_PER_WINDOW {
            assert!(attempts.allowed(one, now));
            attempts.failed(one, now);
        }
        assert!(!attempts.allowed(one, now));
        assert!(attempts.allowed(other, now));
        assert!(attempts.allowed(one, now + WINDOW));
    }
}
