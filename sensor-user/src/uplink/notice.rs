use std::{
    mem::{Discriminant, discriminant},
    time::{Duration, Instant},
};

use super::link::LinkError;

/// The same trouble is told again after this long.
const REPEAT: Duration = Duration::from_secs(60);

/// Says what is wrong with the line once, and then once a minute: attempts go on far more often.
#[derive(Default)]
pub(super) struct Notice {
    /// When each kind was told last. As many as there are kinds: two may take turns.
    told: Vec<(Discriminant<LinkError>, Instant)>,
    held_back: u64,
}

impl Notice {
    pub(super) fn tell(&mut self, error: &LinkError, url: &str, waiting: u64) {
        if !self.is_due(error, Instant::now()) {
            return;
        }
        let held_back = std::mem::take(&mut self.held_back);
        tracing::warn!(
            control_plane = url,
            events_waiting = waiting,
            attempts_since_last_notice = held_back,
            "{error}; capture, detection and blocks go on, and it is tried again"
        );
    }

    pub(super) fn recovered(&mut self) {
        *self = Self::default();
    }

    fn is_due(&mut self, error: &LinkError, now: Instant) -> bool {
        let kind = discriminant(error);
        if self.told.iter().any(|(told, at)| *told == kind && now.duration_since(*at) < REPEAT) {
            self.held_back += 1;
            return false;
        }
        self.told.retain(|(told, _)| *told != kind);
        self.told.push((kind, now));
        true
    }
}

#[cfg(test)]
mod tests {
    use tonic::Status;

    use super::*;

    #[test]
    fn the_same_trouble_is_told_once_a_minute_and_a_new_one_at_once() {
        let (mut notice, now) = (Notice::default(), Instant::now());
        let ended = LinkError::Ended(Status::unavailable("gone"));
        let refused = LinkError::CredentialRefused(Status::unauthenticated("who?"));
        assert!(notice.is_due(&ended, now));
        assert!(!notice.is_due(&ended, now + REPEAT / 2));
        assert!(notice.is_due(&refused, now + REPEAT / 2));
        assert!(!notice.is_due(&ended, now + REPEAT / 2), "two kinds that take turns are still told once");
        assert!(notice.is_due(&refused, now + REPEAT * 2));
    }
}
