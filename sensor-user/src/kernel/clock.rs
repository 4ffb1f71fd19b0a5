use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use portcullis_exchange::Timestamp;

/// Nanoseconds since boot, the time that machine slept included: the kernel programs' clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BootTime(pub(crate) u64);

impl BootTime {
    pub(crate) fn now() -> Self {
        Self(nanos(ClockId::CLOCK_BOOTTIME))
    }

    pub(crate) fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

/// Turns boot time into time of day. Measured anew for every batch, since the time of day can be set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    of_boot: u64,
}

impl Epoch {
    pub(crate) fn measure() -> Self {
        Self { of_boot: nanos(ClockId::CLOCK_REALTIME).saturating_sub(nanos(ClockId::CLOCK_BOOTTIME)) }
    }

    pub(crate) fn timestamp(self, boot: BootTime) -> Timestamp {
        Timestamp::from_nanos(self.of_boot.saturating_add(boot.0))
    }
}

/// Both clocks are always there (Linux 2.6.39), so an error can only be 0.
fn nanos(clock: ClockId) -> u64 {
    clock_gettime(clock)
        .ok()
        .and_then(|time| u64::try_from(Duration::from(time).as_nanos()).ok())
        .unwrap_or_default()
}
