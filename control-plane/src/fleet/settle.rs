use std::time::Duration;

use tokio::time::Instant;

use super::Fleet;
use crate::clock::EpochMillis;

/// How far a revision has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sensors connected now.
    pub total: usize,
    /// Those of them that have applied it, all of it.
    pub applied: usize,
    /// Those that would not do something that it says.
    pub refused: usize,
}

/// A connected sensor that has not applied a revision.
#[derive(Clone, Debug)]
pub struct Behind {
    pub sensor_id: String,
    pub node: String,
    pub applied_revision: u64,
    pub last_seen: Option<EpochMillis>,
}

/// What a connected sensor would not do.
#[derive(Clone, Debug)]
pub struct NotDone {
    pub sensor_id: String,
    pub node: String,
    pub what: String,
    pub reason: String,
}

impl Fleet {
    pub fn coverage(&self, revision: u64) -> Coverage {
        let sensors = self.lock();
        let connected = sensors.values().filter(|live| live.is_connected());
        connected.fold(Coverage::default(), |sum, live| Coverage {
            total: sum.total + 1,
            applied: sum.applied + usize::from(live.has_applied(revision)),
            refused: sum.refused + usize::from(live.has_refused(revision)),
        })
    }

    /// What connected sensors would not do of a revision that is no block, by node: who, what and why.
    pub fn refused(&self, revision: u64) -> Vec<NotDone> {
        let sensors = self.lock();
        let connected = sensors.iter().filter(|(_, live)| live.is_connected());
        let mut refused: Vec<_> = connected
            .flat_map(|(id, live)| {
                live.refused.iter().filter(|(_, refusal)| refusal.revision == revision).map(
                    |(what, refusal)| NotDone {
                        sensor_id: id.clone(),
                        node: live.node.clone(),
                        what: what.clone(),
                        reason: refusal.reason.clone(),
                    },
                )
            })
            .collect();
        refused.sort_by(|a, b| (&a.node, &a.sensor_id, &a.what).cmp(&(&b.node, &b.sensor_id, &b.what)));
        refused
    }

    /// Who is connected and has not applied it, by node.
    pub fn behind(&self, revision: u64) -> Vec<Behind> {
        let sensors = self.lock();
        let late = sensors.iter().filter(|(_, live)| live.is_connected() && live.applied_revision < revision);
        let mut behind: Vec<_> = late
            .map(|(id, live)| Behind {
                sensor_id: id.clone(),
                node: live.node.clone(),
                applied_revision: live.applied_revision,
                last_seen: live.last_seen,
            })
            .collect();
        behind.sort_by(|a, b| (&a.node, &a.sensor_id).cmp(&(&b.node, &b.sensor_id)));
        behind
    }

    /// Waits until every connected sensor has applied the revision, or patience ends; the count as it then stands.
    pub async fn settle(&self, revision: u64, patience: Duration) -> Coverage {
        let mut progress = self.progress.subscribe();
        let deadline = Instant::now() + patience;
        let mut awaited: Vec<_> = self.behind(revision).into_iter().map(|one| one.sensor_id).collect();
        loop {
            self.strike_off(&mut awaited, revision);
            if awaited.is_empty()
                || !matches!(tokio::time::timeout_at(deadline, progress.changed()).await, Ok(Ok(())))
            {
                return self.coverage(revision);
            }
        }
    }

    /// Only from the end on: who is still awaited there keeps us waiting anyway, and a thousand acknowledgements must
    /// not each cost a look at a thousand sensors.
    fn strike_off(&self, awaited: &mut Vec<String>, revision: u64) {
        let sensors = self.lock();
        let is_done = |id: &String| {
            sensors.get(id).is_none_or(|live| !live.is_connected() || live.applied_revision >= revision)
        };
        while awaited.pop_if(|id| is_done(id)).is_some() {}
    }
}
