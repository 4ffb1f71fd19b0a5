use std::time::{Duration, Instant};

use portcullis_proto::v1::{Sample, ThreatEvent};
use prost::Message;

use super::{LONGEST, SILENCE};

/// The first, and the latest of those that were asked for.
const MAX_SAMPLES: usize = 5;
/// Bytes of each payload of a later sample.
const MAX_PAYLOAD: usize = 4 << 10;
/// A count goes out so long after the last time, and the longer it goes on, the less often: up to this long.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An event that was told, and how often it came again.
pub(super) struct Fold {
    event: ThreatEvent,
    bytes: usize,
    began: Instant,
    last: Instant,
    last_ms: u64,
    told: u64,
    due: Instant,
    wait: Duration,
}

impl Fold {
    pub(super) fn new(event: ThreatEvent, now: Instant) -> Self {
        let (bytes, last_ms) = (event.encoded_len(), event.detected_at_ms);
        let told = event.match_count;
        Self { event, bytes, began: now, last: now, last_ms, told, due: now + FIRST_WAIT, wait: FIRST_WAIT }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= SILENCE
            || now.saturating_duration_since(self.began) >= LONGEST
    }

    /// The second, fourth, eighth, …: few, and from all along the storm.
    pub(super) fn wants_sample(&self) -> bool {
        (self.event.match_count + 1).is_power_of_two()
    }

    pub(super) fn count(&mut self, now: Instant) {
        self.event.match_count += 1;
        self.last = now;
        // Between two samples the time is not known better than by what passed here.
        let since = u64::try_from(now.saturating_duration_since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.last_ms = self.last_ms.max(self.event.detected_at_ms.saturating_add(since));
    }

    /// Counts a detection that came as an event of its own.
    pub(super) fn add(&mut self, event: ThreatEvent, now: Instant) {
        self.event.match_count += event.match_count.max(1);
        (self.last, self.last_ms) = (now, self.last_ms.max(event.detected_at_ms));
        if event.automatic_block.is_some() {
            self.event.automatic_block = event.automatic_block;
        }
        for sample in event.samples {
            if self.event.samples.len() >= MAX_SAMPLES {
                // The first one stays: its matches are those that the event shows.
                self.event.samples.remove(1);
            }
            self.event.samples.push(cut(sample));
        }
        self.bytes = self.event.encoded_len();
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.due && self.event.match_count > self.told
    }

    /// The event as it stands, unless it was told so already.
    pub(super) fn report(&mut self, now: Instant) -> Option<ThreatEvent> {
        if self.event.match_count <= self.told {
            return None;
        }
        self.told = self.event.match_count;
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        self.due = now + self.wait;
        Some(ThreatEvent { last_detected_at_ms: self.last_ms, ..self.event.clone() })
    }
}

fn cut(mut sample: Sample) -> Sample {
    sample.request_payload.truncate(MAX_PAYLOAD);
    sample.response_payload.truncate(MAX_PAYLOAD);
    sample
}
