//! Event times and the ends of blocks come from clocks: is this one set, and does it agree with the control plane's?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Check, control_plane::Visit};
use crate::output::when;

const NAME: &str = "clock";

/// No sensor was built before: a clock that says so was never set.
const FIRST_RELEASE: Duration = Duration::from_secs(1_767_225_600);

/// `Date` has whole seconds and the answer took its time; beyond this, events of two nodes come out of order.
const TOLERANCE: Duration = Duration::from_secs(5);

pub(super) fn check(visit: &Visit) -> Check {
    compare(SystemTime::now(), visit.date)
}

fn compare(now: SystemTime, server: Option<SystemTime>) -> Check {
    let fix = "timedatectl set-ntp true";
    let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since_epoch < FIRST_RELEASE {
        let shown = when::stamp(i64::try_from(since_epoch.as_secs()).unwrap_or_default());
        return Check::missing(NAME, format!("not set: it says {shown}"), fix);
    }
    let Some(server) = server else {
        return Check::ok(NAME, "set (not compared: the control plane gave no time)");
    };
    let apart = now.duration_since(server).unwrap_or_else(|error| error.duration());
    if apart <= TOLERANCE {
        Check::ok(NAME, "agrees with the control plane's")
    } else {
        let apart = when::span(apart.as_secs());
        Check::warning(NAME, format!("{apart} apart from the control plane's: event times do not fit"), fix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn a_clock_that_was_never_set_is_missing() {
        assert_eq!(compare(at(60), None).level, Level::Missing);
    }

    #[test]
    fn a_clock_apart_from_the_control_planes_is_a_warning_in_both_directions() {
        let now = 1_795_308_476;
        assert_eq!(compare(at(now), Some(at(now + 2))).level, Level::Ok);
        for other in [now - 90, now + 90] {
            let check = compare(at(now), Some(at(other)));
            assert_eq!(check.level, Level::Warning);
            assert!(check.finding.starts_with("1m 30s apart"), "{}", check.finding);
        }
    }
}
