use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;
use portcullis_proto::v1::{self, Applied, SensorReport};
use prost::Message;
use tokio::sync::Notify;

use crate::{clock::EpochMillis, store::SensorRecord};

/// More refusals than this, or more counted blocks, are a sensor gone wrong.
const MAX_REFUSALS: usize = 1_024;
const MAX_REASON: usize = 500;
/// Nobody asks any more what became of older ones.
const MAX_REVISIONS: usize = 256;
const MAX_HITS: usize = 100_000;
/// A sensor reports about a hundred counters.
const MAX_COUNTERS: usize = 1_024;
/// As many as there can be.
const MAX_SUPPRESSIONS: usize = 100_000;
const MAX_COUNTER_NAME: usize = 100;

/// What a sensor would not block, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The revision it answered to. A later block of the same prefix is another matter.
    pub revision: u64,
    pub reason: String,
}

/// A sensor's connection, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    pub sensor: Option<IpAddr>,
    pub us: Option<IpAddr>,
    /// When its certificate ends.
    pub certified_until: Option<EpochMillis>,
}

/// A sensor as heard of since the start, over what was stored before.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// Which command stream is the current one; `None` while there is none.
    pub connection: Option<u64>,
    /// Tells that stream that a newer one took over.
    pub(super) replaced: Arc<Notify>,
    pub peer: Peer,
    /// As it was when it connected.
    pub(super) enrolled: Option<SensorRecord>,
    /// What was heard up to then is written down.
    pub(super) recorded_at: Option<EpochMillis>,
    pub node: String,
    pub version: String,
    pub applied_revision: u64,
    pub last_seen: Option<EpochMillis>,
    pub report: Option<SensorReport>,
    /// When its certificate ends; `None` where it came without.
    pub certified_until: Option<EpochMillis>,
    /// How far its clock was ahead of ours at the last report, in milliseconds; the way of the message counts as behind.
    pub clock_skew_ms: Option<i64>,
    /// What its counters gained a second between the last two reports.
    pub rates: BTreeMap<String, f64>,
    /// Counters of the last report that were left out: too many, or names that are none.
    pub refused_counters: usize,
    pub hits: HashMap<IpNet, (u64, u64)>,
    pub refusals: BTreeMap<IpNet, Refusal>,
    /// What it refused that is no block, by what that is: a policy, the capture rules.
    pub refused: BTreeMap<String, Refusal>,
    /// Revisions of which it refused something, the last ones.
    refused_revisions: BTreeSet<u64>,
    /// What each suppression held back since the sensor's start, as last told; and what of that is not written down.
    held_back: HashMap<String, u64>,
    held_back_since: HashMap<String, u64>,
    /// Refusals that are not among these: too many for it to say or for us to keep.
    pub refusals_left_out: u64,
}

impl Live {
    pub fn from_record(record: &SensorRecord) -> Self {
        let report = stored_report(record);
        let told = report.iter().flat_map(|report| &report.suppression_hits);
        Self {
            held_back: told.map(|told| (told.id.clone(), told.events)).collect(),
            node: record.node.clone(),
            version: record.version.clone(),
            applied_revision: record.applied_revision,
            last_seen: record.last_seen,
            report,
            ..Self::default()
        }
    }

    pub fn is_connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether it has done all that a revision says.
    pub fn has_applied(&self, revision: u64) -> bool {
        self.applied_revision >= revision && !self.has_refused(revision)
    }

    /// Whether it would not do something that a revision says.
    pub fn has_refused(&self, revision: u64) -> bool {
        self.refused_revisions.contains(&revision)
    }

    pub(super) fn take_applied(&mut self, applied: Applied, newest: u64) {
        // A sensor cannot have applied what does not exist yet.
        self.applied_revision = applied.revision.min(newest);
        self.refusals_left_out = self.refusals_left_out.saturating_add(applied.refusals_left_out);
        if !applied.refusals.is_empty() || applied.refusals_left_out > 0 {
            self.refused_revisions.insert(self.applied_revision);
            if self.refused_revisions.len() > MAX_REVISIONS {
                self.refused_revisions.pop_first();
            }
        }
        for refused in applied.refusals {
            if !refused.what.is_empty() {
                self.take_refused(refused);
                continue;
            }
            let Ok(cidr) = refused.cidr.parse::<IpNet>() else {
                tracing::warn!(node = self.node, cidr = refused.cidr, "a refusal that names no prefix");
                continue;
            };
            if self.refusals.len() >= MAX_REFUSALS {
                self.refusals.pop_first();
                self.refusals_left_out = self.refusals_left_out.saturating_add(1);
            }
            let reason = refused.reason.chars().take(MAX_REASON).collect();
            self.refusals.insert(cidr, Refusal { revision: self.applied_revision, reason });
        }
    }

    /// What is refused again is refused for the newer reason.
    fn take_refused(&mut self, refused: v1::Refusal) {
        let cut = |text: String, bound: usize| text.chars().take(bound).collect::<String>();
        let reason = cut(refused.reason, MAX_REASON);
        tracing::warn!(node = self.node, what = refused.what, reason, "a sensor refused what was ordered");
        self.refused
            .insert(cut(refused.what, MAX_REASON), Refusal { revision: self.applied_revision, reason });
        if self.refused.len() > MAX_REFUSALS {
            let oldest = self.refused.iter().min_by_key(|(_, refusal)| refusal.revision);
            if let Some(oldest) = oldest.map(|(what, _)| what.clone()) {
                self.refused.remove(&oldest);
            }
        }
    }

    pub(super) fn take_report(&mut self, mut report: SensorReport, now: EpochMillis) {
        self.clock_skew_ms = (report.now_ms > 0)
            .then(|| i64::try_from(report.now_ms).unwrap_or(i64::MAX).saturating_sub(now.millis()));
        self.hits = std::mem::take(&mut report.block_hits)
            .into_iter()
            .take(MAX_HITS)
            .filter_map(|hits| Some((hits.cidr.parse().ok()?, (hits.packets, hits.bytes))))
            .collect();
        self.take_held_back_of(&mut report);
        let reported = report.counters.len();
        let mut counters: Vec<_> =
            report.counters.drain().filter(|(name, _)| is_counter_name(name)).collect();
        counters.sort_unstable();
        counters.truncate(MAX_COUNTERS);
        self.refused_counters = reported - counters.len();
        report.counters = counters.into_iter().collect();
        self.rates = self.report.as_ref().map(|before| rates(before, &report)).unwrap_or_default();
        self.report = Some(report);
    }

    /// A sensor that started anew counts from nothing; so does a suppression that was lifted and came again.
    fn take_held_back_of(&mut self, report: &mut SensorReport) {
        report.suppression_hits.truncate(MAX_SUPPRESSIONS);
        if self.report.as_ref().is_some_and(|known| known.started_at_ms != report.started_at_ms) {
            self.held_back.clear();
        }
        for v1::SuppressionHits { id, events } in &report.suppression_hits {
            if id.len() > MAX_COUNTER_NAME {
                continue;
            }
            let before = self.held_back.get(id).copied().unwrap_or_default();
            let more = if *events < before { *events } else { events - before };
            if more == 0 || (before == 0 && self.held_back.len() >= MAX_SUPPRESSIONS) {
                continue;
            }
            self.held_back.insert(id.clone(), *events);
            let sum = self.held_back_since.entry(id.clone()).or_default();
            *sum = sum.saturating_add(more);
        }
    }

    /// To be written down with the report.
    pub(super) fn take_held_back(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.held_back_since).into_iter().collect()
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

/// By the sensor's own clock; nothing where it started anew in between.
fn rates(before: &SensorReport, report: &SensorReport) -> BTreeMap<String, f64> {
    let past = report.now_ms.saturating_sub(before.now_ms);
    if past == 0 || before.started_at_ms != report.started_at_ms {
        return BTreeMap::new();
    }
    let counted = report.counters.iter().filter(|(name, _)| name.ends_with("_total"));
    counted
        .filter_map(|(name, value)| {
            let gained = value.checked_sub(*before.counters.get(name)?).filter(|gained| *gained > 0)?;
            Some((name.clone(), gained as f64 * 1000.0 / past as f64))
        })
        .collect()
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
