use std::collections::HashMap;

use super::{CoverageSettings, findings::Finding};
use crate::{
    clock::EpochMillis,
    fleet::{Live, alerts::findings::Normal},
    store::{Alert, AlertKey, AlertKind},
};

/// What has been wrong, since when, and whether people know.
#[derive(Default)]
pub(super) struct Tracker {
    states: HashMap<AlertKey, State>,
    normal: HashMap<String, Normal>,
}

#[derive(Clone, Copy)]
struct State {
    /// The alert, once it is open.
    open: Option<u64>,
    /// Since when it is as it is now: wrong, or right again.
    since: EpochMillis,
    is_wrong: bool,
}

/// What is to be written down and told.
pub(super) enum Change {
    Open(Finding),
    Close { key: AlertKey, id: u64 },
}

impl Tracker {
    /// With the alerts that were open when the last process ended.
    pub(super) fn new(open: Vec<Alert>) -> Self {
        let mut tracker = Self::default();
        for alert in open {
            let best = tracker.normal.entry(alert.key.sensor_id.clone()).or_default();
            match alert.key.kind {
                AlertKind::CaptureMode => best.captures_in_kernel = true,
                AlertKind::Enforcement => best.enforces = true,
                _ => {}
            }
            let state = State { open: Some(alert.id), since: alert.opened_at, is_wrong: true };
            tracker.states.insert(alert.key, state);
        }
        tracker
    }

    /// The best that this sensor was seen to do.
    pub(super) fn normal(&mut self, sensor_id: &str, live: &Live) -> Normal {
        let normal = self.normal.entry(sensor_id.to_owned()).or_default();
        normal.learn(live);
        *normal
    }

    pub(super) fn forget_normal(&mut self, sensor_id: &str) {
        self.normal.remove(sensor_id);
    }

    pub(super) fn key_of(&self, id: u64) -> Option<AlertKey> {
        self.states.iter().find(|(_, state)| state.open == Some(id)).map(|(key, _)| key.clone())
    }

    /// Takes all that is wrong now. What it answers is to be written down, and said with [`Self::opened`] and
    /// [`Self::closed`]; where that fails, it answers it again the next time.
    pub(super) fn note(
        &mut self,
        found: Vec<Finding>,
        settings: &CoverageSettings,
        now: EpochMillis,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut wrong: HashMap<AlertKey, Finding> =
            found.into_iter().map(|finding| (finding.key.clone(), finding)).collect();
        self.states.retain(|key, state| {
            let finding = wrong.remove(key);
            if finding.is_some() != state.is_wrong {
                (state.is_wrong, state.since) = (finding.is_some(), now);
            }
            let lasts = |span: std::time::Duration| state.since.plus(span) <= now;
            match (finding, state.open) {
                (Some(finding), None) if lasts(settings.open_after) => changes.push(Change::Open(finding)),
                (None, Some(id)) if lasts(settings.close_after) => {
                    changes.push(Change::Close { key: key.clone(), id });
                }
                (None, None) => return false,
                _ => {}
            }
            true
        });
        for (key, finding) in wrong {
            let since = finding.since.unwrap_or(now);
            self.states.insert(key, State { open: None, since, is_wrong: true });
            if since.plus(settings.open_after) <= now {
                changes.push(Change::Open(finding));
            }
        }
        changes
    }

    pub(super) fn opened(&mut self, key: &AlertKey, id: u64) {
        if let Some(state) = self.states.get_mut(key) {
            state.open = Some(id);
        }
    }

    pub(super) fn closed(&mut self, key: &AlertKey) {
        self.states.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn settings() -> CoverageSettings {
        CoverageSettings::new(Duration::from_secs(1))
    }

    fn at(second: i64) -> EpochMillis {
        EpochMillis::from_millis(second * 1000)
    }

    fn loss() -> Finding {
        let key = AlertKey { sensor_id: "s-1".into(), kind: AlertKind::Loss, subject: String::new() };
        Finding { key, node: "node-1".into(), detail: "2.0 % unseen".into(), since: None }
    }

    /// Says what is written down.
    fn tell(tracker: &mut Tracker, second: i64, is_wrong: bool) -> &'static str {
        let found = if is_wrong { vec![loss()] } else { Vec::new() };
        let mut changes = tracker.note(found, &settings(), at(second));
        assert!(changes.len() <= 1);
        match changes.pop() {
            None => "",
            Some(Change::Open(finding)) => {
                tracker.opened(&finding.key, 7);
                "opened"
            }
            Some(Change::Close { key, id }) => {
                assert_eq!(id, 7);
                tracker.closed(&key);
                "closed"
            }
        }
    }

    #[test]
    fn what_lasts_a_minute_opens_an_alert_and_two_minutes_of_quiet_close_it() {
        let mut tracker = Tracker::default();
        assert_eq!(tell(&mut tracker, 0, true), "");
        assert_eq!(tell(&mut tracker, 59, true), "");
        assert_eq!(tell(&mut tracker, 60, true), "opened");
        assert_eq!(tell(&mut tracker, 65, true), "");
        assert_eq!(tell(&mut tracker, 70, false), "");
        assert_eq!(tell(&mut tracker, 189, false), "");
        assert_eq!(tell(&mut tracker, 190, false), "closed");
        assert_eq!(tell(&mut tracker, 195, false), "");
    }

    #[test]
    fn what_comes_and_goes_makes_one_alert_at_most() {
        let mut tracker = Tracker::default();
        let outcomes: Vec<_> = (0..100).map(|tick| tell(&mut tracker, tick * 50, tick % 2 == 0)).collect();
        assert!(outcomes.iter().all(|outcome| outcome.is_empty()), "never wrong for a whole minute");
        tell(&mut tracker, 10_000, true);
        assert_eq!(tell(&mut tracker, 10_060, true), "opened");
        let outcomes: Vec<_> =
            (0..100).map(|tick| tell(&mut tracker, 10_100 + tick * 50, tick % 2 == 0)).collect();
        assert!(outcomes.iter().all(|outcome| outcome.is_empty()), "never right for two");
    }

    #[test]
    fn an_alert_that_could_not_be_written_down_is_answered_again() {
        let mut tracker = Tracker::default();
        tracker.note(vec![loss()], &settings(), at(0));
        assert_eq!(tracker.note(vec![loss()], &settings(), at(60)).len(), 1);
        assert_eq!(tracker.note(vec![loss()], &settings(), at(65)).len(), 1);
    }

    #[test]
    fn an_alert_of_the_process_before_is_closed_and_not_opened_twice() {
        let alert = Alert {
            id: 7,
            key: loss().key,
            node: "node-1".into(),
            detail: String::new(),
            opened_at: at(0),
            closed_at: None,
        };
        let mut tracker = Tracker::new(vec![alert]);
        assert_eq!(tell(&mut tracker, 1_000, true), "");
        assert_eq!(tell(&mut tracker, 1_010, false), "");
        assert_eq!(tell(&mut tracker, 1_130, false), "closed");
    }
}
