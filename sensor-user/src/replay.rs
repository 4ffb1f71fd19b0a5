//! Capture files through the same rooms as live traffic.

mod shards;

use std::{path::Path, time::Duration};

pub use crate::capture::file::Meter;
use portcullis_exchange::{Exchange, Timestamp};

use crate::{
    capture::{CaptureError, file},
    counters::Counters,
    wire::{Wire, WireConfig},
};

/// How much packet time passes before silent connections are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Hands over the exchanges of one file, each flow's in order of completion, through as many shards as there are
/// consumers. Every file stands alone: two captures may reuse the same addresses and ports for other connections.
///
/// With one consumer all happens in the calling thread, in order of completion over all flows. With more, this thread
/// reads and decodes, and every consumer is called in a thread of its own.
///
/// Of each body so many decoded bytes are kept as `body_keep` says; their number is known whatever is kept. The meter says
/// meanwhile how far the file was read.
pub fn replay<E>(
    path: &Path,
    body_keep: usize,
    meter: &Meter,
    consumers: &mut [E],
) -> Result<Counters, CaptureError>
where
    E: FnMut(Exchange) + Send,
{
    let config = WireConfig { body_keep, answer_keep: body_keep, ..WireConfig::for_shards(consumers.len()) };
    match consumers {
        [each] => alone(path, config, meter, each),
        consumers => shards::replay(path, &config, meter, consumers),
    }
}

fn alone(
    path: &Path,
    config: WireConfig,
    meter: &Meter,
    each: &mut dyn FnMut(Exchange),
) -> Result<Counters, CaptureError> {
    let mut wire = Wire::new(config);
    let mut completed = Vec::new();
    let mut ticks = Ticks::default();
    let read = file::read_metered(path, meter, &mut |segment| {
        wire.segment(segment, &mut completed);
        if ticks.is_due(segment.time) {
            wire.advance(segment.time, &mut completed);
        }
        completed.drain(..).for_each(&mut *each);
    });
    while wire.finish_some(&mut completed) {
        completed.drain(..).for_each(&mut *each);
    }
    completed.drain(..).for_each(&mut *each);
    let mut counters = read?;
    counters.merge(&wire.counters());
    Ok(counters)
}

/// Packet time, in steps.
#[derive(Default)]
struct Ticks(Timestamp);

impl Ticks {
    fn is_due(&mut self, now: Timestamp) -> bool {
        let is_due = now.saturating_duration_since(self.0) >= TICK;
        if is_due {
            self.0 = now;
        }
        is_due
    }
}
