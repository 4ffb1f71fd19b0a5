use std::{collections::BTreeMap, fmt};

use portcullis_detection::corpus::{Label, Labelled};

/// A class whose parameter is SQL by design says nothing about false alarms; it is shown, and left out of the rate.
const BY_DESIGN: &str = "sql-by-design";

/// How often the policies were right, per class and per tier.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    attacks: BTreeMap<String, Tally>,
    benign_classes: BTreeMap<String, Tally>,
    benign_tiers: BTreeMap<String, Tally>,
    attack_sources: BTreeMap<String, Tally>,
    benign_sources: BTreeMap<String, Tally>,
    /// By policy: the benign requests it accused, of all.
    policies: BTreeMap<String, Tally>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub total: u64,
    /// Called an attack.
    pub accused: u64,
}

impl Tally {
    fn count(&mut self, accused: bool) {
        self.total += 1;
        self.accused += u64::from(accused);
    }

    /// Per cent; 0 of nothing.
    pub fn rate(self) -> f64 {
        if self.total == 0 { 0.0 } else { self.accused as f64 * 100.0 / self.total as f64 }
    }

    fn sum<'a>(tallies: impl Iterator<Item = &'a Self>) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            total: sum.total + tally.total,
            accused: sum.accused + tally.accused,
        })
    }
}

impl Summary {
    pub(super) fn count(&mut self, item: &Labelled, policies: &[&str]) {
        let accused = !policies.is_empty();
        match item.label {
            Label::Attack => {
                self.attacks.entry(item.class.clone()).or_default().count(accused);
                self.attack_sources.entry(item.source.clone()).or_default().count(accused);
            }
            Label::Benign => {
                self.benign_classes.entry(item.class.clone()).or_default().count(accused);
                if item.class != BY_DESIGN {
                    self.benign_tiers.entry(item.tier.clone()).or_default().count(accused);
                    self.benign_sources.entry(item.source.clone()).or_default().count(accused);
                    for policy in policies {
                        self.policies.entry((*policy).to_owned()).or_default().accused += 1;
                    }
                }
            }
        }
    }

    /// Of all attacks: the true positives.
    pub fn attacks(&self) -> Tally {
        Tally::sum(self.attacks.values())
    }

    /// Of all benign requests but those whose parameter is SQL by design: the false positives.
    pub fn benign(&self) -> Tally {
        Tally::sum(self.benign_tiers.values())
    }

    /// The tables by source.
    pub(super) fn sources(&self) -> impl fmt::Display {
        Sources(self)
    }

    /// False positives of one tier.
    pub fn tier(&self, tier: &str) -> Tally {
        self.benign_tiers.get(tier).copied().unwrap_or_default()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attacks, benign) = (self.attacks(), self.benign());
        table(formatter, "attacks by class", "found", &self.attacks)?;
        table(formatter, "benign by class", "accused", &self.benign_classes)?;
        table(formatter, "benign by tier", "accused", &self.benign_tiers)?;
        let total = benign.total;
        let policies =
            self.policies.iter().map(|(id, tally)| (id.clone(), Tally { total, ..*tally })).collect();
        table(formatter, "false alarms by policy", "accused", &policies)?;
        writeln!(formatter, "TPR {:.2} % ({} of {})", attacks.rate(), attacks.accused, attacks.total)?;
        writeln!(formatter, "FPR {:.2} % ({} of {})", benign.rate(), benign.accused, benign.total)
    }
}

/// The tables by source, printed.
struct Sources<'s>(&'s Summary);

impl fmt::Display for Sources<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(formatter, "attacks by source", "found", &self.0.attack_sources)?;
        table(formatter, "benign by source", "accused", &self.0.benign_sources)
    }
}

fn table(
    formatter: &mut fmt::Formatter<'_>,
    title: &str,
    verb: &str,
    tallies: &BTreeMap<String, Tally>,
) -> fmt::Result {
    let width = tallies.keys().map(String::len).max().unwrap_or(0).max(22);
    let title_width = width + 2;
    writeln!(formatter, "{title:<title_width$} {verb:>8} {:>8} {:>8}", "of", "%")?;
    for (name, tally) in tallies {
        writeln!(
            formatter,
            "  {name:<width$} {:>8} {:>8} {:>8.2}",
            tally.accused,
            tally.total,
            tally.rate()
        )?;
    }
    writeln!(formatter)
}
