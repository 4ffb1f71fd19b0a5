//! What the rounds of a measurement say together.
//!
//! Other work on the machine slows all that runs at the same time: ratios are taken within a round, and then their median.

use serde_json::{Value, json};

use super::{capture::Capture, measure::Usage};

/// One contender's rounds.
#[derive(Default)]
pub(super) struct Rounds {
    usages: Vec<Usage>,
    to_floor: Vec<f64>,
    found: Option<u64>,
}

impl Rounds {
    pub(super) fn add(&mut self, usage: Usage, floor: Usage, found: Option<u64>) {
        self.usages.push(usage);
        self.to_floor.push(usage.cpu_seconds / floor.cpu_seconds);
        // Where rounds differ, the worst one counts.
        self.found = self.found.into_iter().chain(found).min();
    }

    pub(super) fn found(&self) -> Option<u64> {
        self.found
    }

    /// `None` where there was no round.
    pub(super) fn line(&self, command: &str, capture: &Capture) -> Option<Value> {
        let of = |value: fn(&Usage) -> f64| median(self.usages.iter().map(value));
        let cpu_seconds = of(|usage| usage.cpu_seconds)?;
        let wall_seconds = of(|usage| usage.wall_seconds)?;
        Some(json!({
            "command": command,
            "rounds": self.usages.len(),
            "cpu_seconds": cpu_seconds,
            "wall_seconds": wall_seconds,
            "peak_resident_bytes": self.usages.iter().map(|usage| usage.peak_resident_bytes).max(),
            "transactions": self.found,
            "generated": capture.transactions,
            "transactions_per_cpu_second": self.found.map(|found| found as f64 / cpu_seconds),
            "bytes_per_cpu_second": capture.bytes as f64 / cpu_seconds,
            "bytes_per_second": capture.bytes as f64 / wall_seconds,
            "cpu_to_floor": median(self.to_floor.iter().copied()),
        }))
    }
}

pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get(values.len().checked_sub(1)? / 2)?;
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(cpu_seconds: f64) -> Usage {
        Usage { cpu_seconds, wall_seconds: 2.0 * cpu_seconds, peak_resident_bytes: 1 }
    }

    #[test]
    fn a_slow_round_changes_no_ratio() {
        let capture = Capture { file: "x".into(), bytes: 100, transactions: Some(9) };
        let mut rounds = Rounds::default();
        for (slowdown, found) in [(1.0, 9), (4.0, 8), (1.5, 9)] {
            rounds.add(usage(3.0 * slowdown), usage(slowdown), Some(found));
        }
        let line = rounds.line("x", &capture).unwrap();
        assert_eq!((line["cpu_seconds"].as_f64(), line["cpu_to_floor"].as_f64()), (Some(4.5), Some(3.0)));
        assert_eq!(line["transactions"].as_u64(), Some(8));
        assert!(Rounds::default().line("x", &capture).is_none());
    }

    #[test]
    fn of_an_even_number_the_median_is_the_mean_of_the_two_in_the_middle() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0].into_iter()), Some(2.5));
    }
}
