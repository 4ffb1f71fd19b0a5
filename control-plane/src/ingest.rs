//! Events from sensors: checked, matched against suppressions, stored, and only then acknowledged.

mod counters;
mod validate;

use std::sync::Arc;

use portcullis_proto::v1::ThreatEvent;

pub(crate) use self::counters::{IngestCounters, IngestCounts};
use self::validate::Rejection;
use crate::{
    accounts,
    clock::EpochMillis,
    country::Countries,
    notify::Notifier,
    room::Room,
    store::{Combination, NewEvent, SensorRecord, Store, StoreError},
};

const REFUSED: &str =
    "detected_at_ms: the store has no room for another day, or for another event of that millisecond";

pub(crate) struct Ingest {
    store: Arc<dyn Store>,
    account_id: String,
    counters: IngestCounters,
    notifier: Arc<Notifier>,
    room: Arc<Room>,
    countries: Arc<Countries>,
}

impl Ingest {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        account_id: String,
        notifier: Arc<Notifier>,
        room: Arc<Room>,
        countries: Arc<Countries>,
    ) -> Self {
        Self { store, account_id, notifier, room, countries, counters: IngestCounters::default() }
    }

    pub(crate) fn counters(&self) -> &IngestCounters {
        &self.counters
    }

    /// Durable when it returns. An event that fits no rule is counted and left out: sending it again would not mend
    /// it, and the sensor's other events must not wait behind it. Blocks: call it on a blocking thread.
    pub(crate) fn take(
        &self,
        sensor: &SensorRecord,
        events: Vec<ThreatEvent>,
    ) -> Result<IngestCounts, StoreError> {
        self.room.admit(|| self.store.reusable())?;
        let taken = self.store_valid(sensor, events);
        self.room.wrote(&taken);
        let counts = taken?;
        self.counters.add(&sensor.id, &counts);
        Ok(counts)
    }

    fn store_valid(
        &self,
        sensor: &SensorRecord,
        events: Vec<ThreatEvent>,
    ) -> Result<IngestCounts, StoreError> {
        let sensor_id = sensor.id.as_str();
        let mut counts = IngestCounts { received: events.len() as u64, ..IngestCounts::default() };
        let mut valid = Vec::with_capacity(events.len());
        for event in events {
            let checked = match accounts::may_name(sensor, &self.account_id, &event.account_id) {
                true => validate::event(sensor_id, event, &self.countries),
                false => Err(Rejection::account(&event)),
            };
            match checked {
                Ok(event) => valid.push(event),
                Err(rejection) => {
                    counts.rejected += 1;
                    tracing::debug!(sensor = sensor_id, %rejection, "event rejected");
                    counts.last_rejection = Some(rejection.to_string());
                }
            }
        }
        let wanted = self.unsuppressed(valid, &mut counts)?;
        if !wanted.is_empty() {
            let appended = self.store.append(wanted)?;
            counts.stored = appended.stored;
            counts.duplicates = appended.duplicates;
            counts.updated = appended.updated;
            if appended.refused > 0 {
                counts.rejected += appended.refused;
                counts.last_rejection = Some(REFUSED.to_owned());
            }
            if appended.stored > 0 {
                self.notifier.wake();
            }
        }
        Ok(counts)
    }

    /// Sensors suppress, too; this catches what was under way when they learned of it.
    fn unsuppressed(
        &self,
        events: Vec<NewEvent>,
        counts: &mut IngestCounts,
    ) -> Result<Vec<NewEvent>, StoreError> {
        let combinations: Vec<_> = events.iter().map(combination).collect();
        let suppressed = self.store.suppress(&combinations, EpochMillis::now())?;
        let wanted: Vec<_> = events
            .into_iter()
            .zip(suppressed)
            .filter(|(_, suppression)| suppression.is_none())
            .map(|(event, _)| event)
            .collect();
        counts.suppressed = (combinations.len() - wanted.len()) as u64;
        Ok(wanted)
    }
}

fn combination(event: &NewEvent) -> Combination {
    Combination {
        actor: event.row.actor.clone(),
        policy_id: event.row.policy_id.clone(),
        method: event.row.method.clone(),
        url: event.row.url.clone(),
        host: event.row.host.clone(),
    }
}
