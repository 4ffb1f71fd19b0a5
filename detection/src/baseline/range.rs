use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Minute;

/// Hours with traffic that are remembered.
const HOURS: usize = 24;
/// A figure that stays out of its range for so many minutes in a row is usual from then on.
const NEW_NORMAL: u16 = 60;

/// The least and the most that `N` figures were, by hours.
#[derive(Debug)]
pub(super) struct Ranges<const N: usize> {
    hours: VecDeque<[Span; N]>,
    hour: Minute,
    /// Minutes learned from.
    pub(super) minutes: u64,
    outside: [u16; N],
    usual: [Option<Span>; N],
}

/// Ranges as they outlive the process.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct KeptRanges {
    /// The least and the most by hour and figure; `None` where nothing was learned.
    hours: Vec<Vec<Option<(f32, f32)>>>,
    hour: Minute,
    minutes: u64,
    outside: Vec<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) least: f32,
    pub(super) most: f32,
}

impl Span {
    const NOTHING: Self = Self { least: f32::INFINITY, most: f32::NEG_INFINITY };

    fn with(self, value: f32) -> Self {
        Self { least: self.least.min(value), most: self.most.max(value) }
    }

    fn and(self, other: Self) -> Self {
        Self { least: self.least.min(other.least), most: self.most.max(other.most) }
    }
}

impl<const N: usize> Default for Ranges<N> {
    fn default() -> Self {
        Self { hours: VecDeque::new(), hour: 0, minutes: 0, outside: [0; N], usual: [None; N] }
    }
}

impl<const N: usize> Ranges<N> {
    /// Learns what the figures were in a minute; `None` where one had no meaning then. `is_outside` says which of them
    /// had left their range.
    pub(super) fn learn(&mut self, minute: Minute, values: [Option<f32>; N], is_outside: [bool; N]) {
        if self.hours.is_empty() || minute / 60 > self.hour {
            self.hour = minute / 60;
            self.hours.push_back([Span::NOTHING; N]);
            if self.hours.len() > HOURS {
                self.hours.pop_front();
            }
        }
        self.minutes += 1;
        let Some(hour) = self.hours.back_mut() else { return };
        for (((span, value), is_outside), outside) in
            hour.iter_mut().zip(values).zip(is_outside).zip(&mut self.outside)
        {
            *outside = if is_outside { outside.saturating_add(1) } else { 0 };
            if let Some(value) = value
                && (!is_outside || *outside >= NEW_NORMAL)
            {
                *span = span.with(value);
            }
        }
        self.sum_up();
    }

    pub(super) fn kept(&self) -> KeptRanges {
        let told = |span: &Span| (span.least <= span.most).then_some((span.least, span.most));
        let hours = self.hours.iter().map(|hour| hour.iter().map(told).collect());
        let (hour, minutes, outside) = (self.hour, self.minutes, self.outside.to_vec());
        KeptRanges { hours: hours.collect(), hour, minutes, outside }
    }

    pub(super) fn restored(kept: &KeptRanges) -> Self {
        let mut ranges = Self { hour: kept.hour, minutes: kept.minutes, ..Self::default() };
        for hour in kept.hours.iter().rev().take(HOURS).rev() {
            let mut spans = [Span::NOTHING; N];
            for (span, told) in spans.iter_mut().zip(hour) {
                *span = told.map_or(Span::NOTHING, |(least, most)| Span { least, most });
            }
            ranges.hours.push_back(spans);
        }
        ranges.outside.iter_mut().zip(&kept.outside).for_each(|(outside, known)| *outside = *known);
        ranges.sum_up();
        ranges
    }

    fn sum_up(&mut self) {
        for (figure, usual) in self.usual.iter_mut().enumerate() {
            let spans = self.hours.iter().filter_map(|hour| hour.get(figure));
            let all = spans.fold(Span::NOTHING, |all, span| all.and(*span));
            *usual = (all.least <= all.most).then_some(all);
        }
    }

    /// `None` where nothing was learned of it.
    pub(super) fn usual(&self, figure: usize) -> Option<Span> {
        self.usual.get(figure).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_spans_a_day_of_hours_with_traffic() {
        let mut ranges = Ranges::<1>::default();
        assert_eq!(ranges.usual(0), None);
        ranges.learn(0, [Some(90.0)], [false]);
        for hour in 1..24 {
            ranges.learn(hour * 60, [Some(hour as f32)], [false]);
        }
        assert_eq!(ranges.usual(0), Some(Span { least: 1.0, most: 90.0 }));
        ranges.learn(24 * 60, [Some(5.0)], [false]);
        assert_eq!(ranges.usual(0), Some(Span { least: 1.0, most: 23.0 }));
    }

    #[test]
    fn what_is_outside_is_learned_only_once_it_stays_there() {
        let mut ranges = Ranges::<1>::default();
        ranges.learn(0, [Some(1.0)], [false]);
        for minute in 1..60 {
            ranges.learn(minute, [Some(50.0)], [true]);
        }
        assert_eq!(ranges.usual(0), Some(Span { least: 1.0, most: 1.0 }));
        ranges.learn(60, [Some(50.0)], [true]);
        assert_eq!(ranges.usual(0), Some(Span { least: 1.0, most: 50.0 }));
    }
}
