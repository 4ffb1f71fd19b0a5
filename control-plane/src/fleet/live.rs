use std::collections::{BTreeMap, HashMap};

use ipnet::IpNet;
use portcullis_proto::v1::{Applied, SensorReport};
use prost::Message;

use crate::{clock::EpochMillis, store::SensorRecord};

/// More refusals than this, or more counted blocks, are a sensor gone wrong.
const MAX_REFUSALS: usize = 1_024;
const MAX_HITS: usize = 100_000;
/// A sensor reports about a hundred counters.
const MAX_COUNTERS: usize = 1_024;
const MAX_COUNTER_NAME: usize = 100;

/// What a sensor would not block, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The revision it answered to. A later block of the same prefix is another matter.
    pub revision: u64,
    pub reason: String,
}

/// A sensor as heard of since the start, over what was stored before.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Which command stream is the current one; `None` while there is none.
    pub connection: Option<u64>,
    pub node: String,
    pub version: String,
    pub applied_revision: u64,
    pub last_seen: Option<EpochMillis>,
    pub report: Option<SensorReport>,
    /// Counters of the last report that were left out: too many, or names that are none.
    pub refused_counters: usize,
    pub hits: HashMap<IpNet, (u64, u64)>,
    pub refusals: BTreeMap<IpNet, Refusal>,
}

impl Live {
    pub fn from_record(record: &SensorRecord) -> Self {
        Self {
            node: record.node.clone(),
            version: record.version.clone(),
            applied_revision: record.applied_revision,
            last_seen: record.last_seen,
            report: stored_report(record),
            ..Self::default()
        }
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    pub fn refusal(&self, cidr: IpNet, block_revision: u64) -> Option<&Refusal> {
        self.refusals.get(&cidr).filter(|refusal| refusal.revision >= block_revision)
    }

    pub(super) fn take_applied(&mut self, applied: Applied, newest: u64) {
        // A sensor cannot have applied what does not exist yet.
        self.applied_revision = applied.revision.min(newest);
        for refused in applied.refusals {
            let Ok(cidr) = refused.cidr.parse::<IpNet>() else {
                tracing::warn!(node = self.node, cidr = refused.cidr, "a refusal that names no prefix");
                continue;
            };
            if self.refusals.len() >= MAX_REFUSALS {
                self.refusals.pop_first();
            }
            let reason = refused.reason.chars().take(500).collect();
            self.refusals.insert(cidr, Refusal { revision: self.applied_revision, reason });
        }
    }

    pub(super) fn take_report(&mut self, mut report: SensorReport) {
        self.hits = std::mem::take(&mut report.block_hits)
            .into_iter()
            .take(MAX_HITS)
            .filter_map(|hits| Some((hits.cidr.parse().ok()?, (hits.packets, hits.bytes))))
            .collect();
        let reported = report.counters.len();
        let mut counters: Vec<_> =
            report.counters.drain().filter(|(name, _)| is_counter_name(name)).collect();
        counters.sort_unstable();
        counters.truncate(MAX_COUNTERS);
        self.refused_counters = reported - counters.len();
        report.counters = counters.into_iter().collect();
        self.report = Some(report);
    }

    /// What a restart of the control plane should still know.
    pub(super) fn to_record(&self, enrolled: &SensorRecord) -> SensorRecord {
        SensorRecord {
            node: self.node.clone(),
            version: self.version.clone(),
            last_seen: self.last_seen,
            applied_revision: self.applied_revision,
            report: self.report.as_ref().map(Message::encode_to_vec).unwrap_or_default(),
            ..enrolled.clone()
        }
    }
}

/// What stands in metrics and on pages as it is.
fn is_counter_name(name: &str) -> bool {
    name.len() <= MAX_COUNTER_NAME
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn stored_report(record: &SensorRecord) -> Option<SensorReport> {
    if record.report.is_empty() {
        return None;
    }
    SensorReport::decode(record.report.as_slice())
        .inspect_err(|error| tracing::warn!(sensor = record.id, %error, "its stored report is damaged"))
        .ok()
}
