/// Monotonic counters by metric name (`capture_segments_total`, `ring_dropped_total`, …), ready to be added up over
/// shards and shown to the operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters(Vec<(&'static str, u64)>);

impl Counters {
    pub fn add(&mut self, name: &'static str, amount: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => *value = value.saturating_add(amount),
            None => self.0.push((name, amount)),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        for (name, amount) in other.iter() {
            self.add(name, amount);
        }
    }

    pub fn value(&self, name: &str) -> u64 {
        self.iter().find(|(known, _)| *known == name).map_or(0, |(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }
}

impl FromIterator<(&'static str, u64)> for Counters {
    fn from_iter<I: IntoIterator<Item = (&'static str, u64)>>(counters: I) -> Self {
        let mut sum = Self::default();
        for (name, amount) in counters {
            sum.add(name, amount);
        }
        sum
    }
}
