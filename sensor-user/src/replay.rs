//! Capture files through the same rooms as live traffic.

use std::{path::Path, time::Duration};

use portcullis_exchange::{Exchange, Timestamp};

use crate::{
    capture::{CaptureError, file},
    counters::Counters,
    wire::{Wire, WireConfig},
};

/// How much packet time passes before silent connections are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Hands over the exchanges of one file in order of completion. Every file stands alone: two captures may reuse the
/// same addresses and ports for other connections.
pub fn replay(path: &Path, each: &mut dyn FnMut(Exchange)) -> Result<Counters, CaptureError> {
    let mut wire = Wire::new(WireConfig::for_shards(1));
    let mut completed = Vec::new();
    let mut ticked_at = Timestamp::default();
    let read = file::read(path, &mut |segment| {
        wire.segment(segment, &mut completed);
        if segment.time.saturating_duration_since(ticked_at) >= TICK {
            ticked_at = segment.time;
            wire.advance(segment.time, &mut completed);
        }
        completed.drain(..).for_each(&mut *each);
    });
    wire.finish(&mut completed);
    completed.drain(..).for_each(&mut *each);
    let mut counters = read?;
    counters.merge(&wire.counters());
    Ok(counters)
}
