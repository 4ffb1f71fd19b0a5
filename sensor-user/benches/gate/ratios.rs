use std::time::Duration;

use serde_json::json;

/// What was done, and what all of the machine's part in it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Work {
    pub(crate) units: u64,
    pub(crate) cpu: Duration,
}

impl Work {
    fn per_cpu_second(self) -> f64 {
        self.units as f64 / self.cpu.as_secs_f64()
    }
}

/// Rounds of the same contenders; the first is what the others are held against.
pub(crate) struct Ratios<const N: usize> {
    what: &'static str,
    traffic: &'static str,
    mode: &'static str,
    contenders: [&'static str; N],
    rounds: Vec<[f64; N]>,
}

impl<const N: usize> Ratios<N> {
    pub(crate) fn new(
        what: &'static str,
        traffic: &'static str,
        mode: &'static str,
        contenders: [&'static str; N],
    ) -> Self {
        Self { what, traffic, mode, contenders, rounds: Vec::new() }
    }

    pub(crate) fn round(&mut self, measured: [Work; N]) {
        self.rounds.push(measured.map(Work::per_cpu_second));
    }

    pub(crate) fn print(&self) {
        for (index, contender) in self.contenders.iter().enumerate() {
            let rates: Vec<f64> = self.rounds.iter().map(|round| round[index]).collect();
            let ratios: Vec<f64> = self.rounds.iter().map(|round| round[index] / round[0]).collect();
            let best = |values: &[f64]| values.iter().copied().fold(f64::MIN, f64::max);
            let first: Vec<f64> = self.rounds.iter().map(|round| round[0]).collect();
            println!(
                "{}",
                json!({"bench": "gate", "what": self.what, "traffic": self.traffic, "mode": self.mode,
                       "contender": contender, "against": self.contenders[0], "rounds": rates.len(),
                       "per_cpu_second_median": median(&rates).round(),
                       "per_cpu_second_best": best(&rates).round(),
                       "ratio_median": round3(median(&ratios)),
                       "ratio_of_best": round3(best(&rates) / best(&first))})
            );
        }
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn round3(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
