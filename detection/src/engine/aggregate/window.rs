use std::{collections::VecDeque, sync::Arc, time::Duration};

use ahash::RandomState;
use hashlink::LinkedHashMap;
use portcullis_exchange::{TaggedExchange, Timestamp};

use super::Filled;
use crate::policy::{AggregationRule, Distinct};

const MAX_SAMPLES: usize = 5;
/// A sample above this is not kept: five of them would push everybody else's windows out.
const MAX_SAMPLE_BYTES: usize = 256 << 10;
/// Shards finish exchanges in no common order: a match that comes so much later than a newer one still finds those that
/// it belongs to.
const LATENESS: Duration = Duration::from_secs(10);
/// Past these, moments closer than a thousandth of the window become one, told as the oldest of them: a match may then
/// leave the window that much early.
const MAX_MOMENTS: usize = 2048;
const STEPS: u32 = 1024;
/// Different values that are kept one by one. A rule that asks for more is told from every second, fourth, … of them,
/// chosen by their hash, which is right to about a thirtieth.
const MAX_VALUES: u32 = 1024;

/// The matches of one group under one rule since it last fired, oldest first.
///
/// A note costs the same however many matches there are: running counts, and each moment comes in once and leaves once.
/// Only a late one, which is rare, looks at the moments around it.
#[derive(Debug, Default)]
pub(super) struct Window {
    moments: VecDeque<Moments>,
    /// How many of the moments have left the window of the newest and are kept for late ones.
    outside: usize,
    /// Matches that have not.
    inside: u64,
    /// When each value was seen last, seldom out of order.
    values: LinkedHashMap<u64, Timestamp, RandomState>,
    samples: VecDeque<(Arc<TaggedExchange>, usize)>,
    sample_bytes: usize,
    /// Matches up to here are spent.
    fired: Option<Timestamp>,
}

/// One match.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    /// Hash of what the rule's `distinctIdentifier` names, where the exchange has it.
    pub(super) identifier: Option<u64>,
}

/// Matches at one moment.
#[derive(Clone, Copy, Debug)]
struct Moments {
    at: Timestamp,
    count: u32,
}

impl Window {
    /// About what it takes of memory.
    pub(super) fn bytes(&self) -> usize {
        const VALUE: usize = 56;
        size_of::<Self>()
            + self.moments.capacity() * size_of::<Moments>()
            + self.values.capacity() * VALUE
            + self.sample_bytes
    }

    pub(super) fn note(
        &mut self,
        moment: Moment,
        rule: &AggregationRule,
        exchange: &Arc<TaggedExchange>,
    ) -> Option<Filled> {
        if self.fired.is_some_and(|fired| moment.at <= fired) {
            return None;
        }
        self.keep_sample(exchange);
        let count = self.count(moment.at, rule.window);
        let enough = count >= u64::from(rule.match_count);
        let distinct =
            rule.distinct.as_ref().is_none_or(|distinct| self.distinct(moment, distinct, rule.window));
        if !(enough && distinct) {
            return None;
        }
        let newest = self.moments.back().map_or(moment.at, |newest| newest.at);
        let samples = std::mem::take(&mut self.samples).into_iter().map(|(sample, _)| sample).collect();
        *self = Self { fired: Some(newest), ..Self::default() };
        Some(Filled { match_count: count, samples })
    }

    /// Adds a match and gives how many there are in the fullest window that it is part of.
    fn count(&mut self, at: Timestamp, window: Duration) -> u64 {
        match self.moments.back_mut() {
            Some(newest) if at < newest.at => return self.count_late(at, window),
            Some(newest) if at == newest.at => newest.count = newest.count.saturating_add(1),
            _ => self.moments.push_back(Moments { at, count: 1 }),
        }
        self.inside += 1;
        while let Some(oldest) = self.moments.get(self.outside)
            && at.saturating_duration_since(oldest.at) >= window
        {
            self.inside = self.inside.saturating_sub(oldest.count.into());
            self.outside += 1;
        }
        let kept = window + LATENESS;
        while self.outside > 0
            && self.moments.front().is_some_and(|oldest| at.saturating_duration_since(oldest.at) >= kept)
        {
            self.moments.pop_front();
            self.outside -= 1;
        }
        self.bound(window);
        self.inside
    }

    fn count_late(&mut self, at: Timestamp, window: Duration) -> u64 {
        let newest = self.moments.back().map_or(at, |newest| newest.at);
        if newest.saturating_duration_since(at) >= window + LATENESS {
            return 0;
        }
        let place = self.moments.partition_point(|known| known.at < at);
        match self.moments.get_mut(place) {
            Some(known) if known.at == at => known.count = known.count.saturating_add(1),
            _ => {
                self.moments.insert(place, Moments { at, count: 1 });
                if place < self.outside {
                    self.outside += 1;
                }
            }
        }
        if newest.saturating_duration_since(at) < window {
            self.inside += 1;
        } else if place == self.outside {
            self.outside += 1;
        }
        self.bound(window);
        self.fullest_around(at, window)
    }

    /// Two ends move along the moments less than a window away from `at`.
    fn fullest_around(&self, at: Timestamp, window: Duration) -> u64 {
        let first = self.moments.partition_point(|known| at.saturating_duration_since(known.at) >= window);
        let (mut oldest, mut inside, mut most) = (first, 0_u64, 0);
        for end in self.moments.range(first..) {
            if end.at.saturating_duration_since(at) >= window {
                break;
            }
            inside += u64::from(end.count);
            while let Some(start) = self.moments.get(oldest)
                && end.at.saturating_duration_since(start.at) >= window
            {
                inside = inside.saturating_sub(start.count.into());
                oldest += 1;
            }
            if end.at >= at {
                most = most.max(inside);
            }
        }
        most
    }

    fn bound(&mut self, window: Duration) {
        if self.moments.len() < MAX_MOMENTS {
            return;
        }
        let step = window / STEPS;
        let mut merged: VecDeque<Moments> = VecDeque::with_capacity(MAX_MOMENTS);
        let mut outside = 0;
        for (index, moments) in self.moments.iter().enumerate() {
            let is_outside = index < self.outside;
            match merged.back_mut() {
                // What has left the window does not join what has not.
                Some(last)
                    if moments.at.saturating_duration_since(last.at) < step && index != self.outside =>
                {
                    last.count = last.count.saturating_add(moments.count);
                }
                _ => {
                    merged.push_back(*moments);
                    outside += usize::from(is_outside);
                }
            }
        }
        (self.moments, self.outside) = (merged, outside);
    }

    /// Whether enough different values were seen within the window. No more of them are kept than the rule asks for, and
    /// those are the latest.
    fn distinct(&mut self, moment: Moment, wanted: &Distinct, window: Duration) -> bool {
        let shift = wanted.count.div_ceil(MAX_VALUES).next_power_of_two().trailing_zeros();
        let wanted = (wanted.count >> shift).max(1) as usize;
        if let Some(value) = moment.identifier.filter(|value| value.trailing_zeros() >= shift) {
            let last = self.values.remove(&value).map_or(moment.at, |known| known.max(moment.at));
            self.values.insert(value, last);
        }
        let newest = self.moments.back().map_or(moment.at, |newest| newest.at);
        while let Some((_, oldest)) = self.values.front()
            && (newest.saturating_duration_since(*oldest) >= window || self.values.len() > wanted)
        {
            self.values.pop_front();
        }
        self.values.len() >= wanted
    }

    fn keep_sample(&mut self, exchange: &Arc<TaggedExchange>) {
        let bytes = sample_bytes(exchange);
        if bytes > MAX_SAMPLE_BYTES && !self.samples.is_empty() {
            return;
        }
        self.samples.push_front((Arc::clone(exchange), bytes));
        self.sample_bytes += bytes;
        if self.samples.len() > MAX_SAMPLES
            && let Some((_, bytes)) = self.samples.pop_back()
        {
            self.sample_bytes = self.sample_bytes.saturating_sub(bytes);
        }
    }
}

fn sample_bytes(sample: &TaggedExchange) -> usize {
    let request = sample.exchange.request.as_ref().map_or(0, portcullis_exchange::Request::memory);
    let response = sample.exchange.response.as_ref().map_or(0, portcullis_exchange::Response::memory);
    size_of::<TaggedExchange>() + request + response
}

#[cfg(test)]
mod tests;
