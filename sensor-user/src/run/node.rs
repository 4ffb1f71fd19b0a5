use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use portcullis_proto::v1::{
    self, Applied, AutomaticBlock, BlockHits, ControlMessage, InterfaceReport, SensorReport, change::Change,
    control_message::Message,
};

use tokio::sync::watch;

use super::{Capture, origin::Watched, share};
use crate::{
    blocking::{NodeBlocks, ProxiedHeads},
    capture::rules::{KeptRules, Rules},
    configuration::Configuration,
    counters::Counters,
    enforce::{self, EnforceError, GateMode, Surroundings},
    interfaces::Interface,
    inventory,
    learned::KeptLearned,
    mask::Redaction,
    orders::{Judging, Orders, OutOfOrder},
    policies::{LivePolicies, Saved},
    tag::Recognition,
    uplink::Node,
};

/// Entries in a report: those that dropped most.
const MAX_HITS: usize = 10_000;

/// The sensor as its control plane sees it.
pub(super) struct RunningNode {
    orders: Mutex<Orders>,
    capture_rules: KeptRules,
    blocking: Blocking,
    policies: Arc<LivePolicies>,
    /// What the policies and the rest of judging were last put together from.
    judging: Mutex<Arc<Judging>>,
    /// As this sensor was started.
    own: Recognition,
    following: Following,
    learned: KeptLearned,
    shards: Vec<Arc<Mutex<Counters>>>,
    watched: Watched,
    role: Role,
    started_at_ms: u64,
    /// The counters of the last report.
    told: Mutex<Counters>,
}

/// What the node is called, how it watches, and whose traffic.
pub(super) struct Role {
    pub(super) name: String,
    pub(super) capture: Capture,
    /// Those that it is to watch whether they are there or not.
    pub(super) interfaces: Vec<String>,
    pub(super) account_id: String,
    pub(super) collection_id: i64,
}

/// What exchanges are judged by, and what was learned of them.
pub(super) struct Judged {
    pub(super) policies: Arc<LivePolicies>,
    pub(super) learned: KeptLearned,
    pub(super) following: Following,
}

/// What shards look at for each exchange and each event, and orders change.
#[derive(Clone, Default)]
pub(super) struct Following {
    pub(super) recognition: Arc<ArcSwap<Recognition>>,
    pub(super) redaction: Arc<ArcSwap<Redaction>>,
}

/// What blocks and cuts besides the orders, and who counts there.
pub(super) struct Blocking {
    pub(super) blocks: NodeBlocks,
    pub(super) heads: Option<ProxiedHeads>,
    pub(super) dropped: Option<Arc<AtomicU64>>,
}

impl Blocking {
    fn counters(&self) -> Counters {
        let mut counters = self.blocks.counters();
        counters.merge(&self.heads.as_ref().map_or_else(ProxiedHeads::no_counters, ProxiedHeads::counters));
        let dropped = self.dropped.as_ref().map_or(0, |dropped| dropped.load(Ordering::Relaxed));
        counters.add("automatic_blocks_dropped_total", dropped);
        counters
    }
}

impl RunningNode {
    pub(super) fn new(
        orders: Orders,
        capture_rules: KeptRules,
        blocking: Blocking,
        judged: Judged,
        shards: Vec<Arc<Mutex<Counters>>>,
        watched: Watched,
        role: Role,
    ) -> Self {
        let kept = orders.judging();
        let (orders, told) = (Mutex::new(orders), Mutex::default());
        let (started_at_ms, Judged { policies, learned, following }) = (now_ms(), judged);
        let own = Recognition::clone(&following.recognition.load());
        let node = Self {
            orders,
            judging: Mutex::default(),
            own,
            following,
            capture_rules,
            blocking,
            policies,
            learned,
            shards,
            watched,
            role,
            started_at_ms,
            told,
        };
        node.judge_by(kept);
        node
    }

    /// Puts capture rules in force; what hinders it is told.
    fn look_as(&self, rules: Result<Arc<Rules>, v1::Refusal>) -> Option<v1::Refusal> {
        let rules = match rules {
            Ok(rules) => rules,
            Err(refusal) => return Some(refusal),
        };
        let error = self.watched.set_rules(&rules).err()?;
        Some(v1::Refusal { cidr: String::new(), what: "capture rules".to_owned(), reason: error.to_string() })
    }

    /// Puts saved policies in force, where they are others than before.
    fn judge_by(&self, judging: Arc<Judging>) {
        let mut known = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&known, &judging) {
            return;
        }
        let configured = judging.configured();
        let generated = configured.as_ref().map(Configuration::policies).into_iter();
        self.policies.overlay(Saved::of(generated.chain([&judging.policies])));
        let (own, judged) = (&self.own, &self.following);
        let recognition = configured.as_ref().map_or_else(|| own.clone(), |one| one.recognition(own));
        judged.recognition.store(Arc::new(recognition));
        let redaction = configured.map(|one| one.redaction().clone()).unwrap_or_default();
        judged.redaction.store(Arc::new(redaction));
        tracing::info!(
            policies = judging.policies.len(),
            is_configured = judging.configuration.is_some(),
            "judging as ordered"
        );
        *known = judging;
        drop(known);
        self.follow_policies();
    }

    /// Whether any policy asks for blocks may have changed.
    fn follow_policies(&self) {
        if self.blocking.blocks.let_policies_block(self.policies.ask_for_blocks()) {
            self.orders().carry_out_again();
        }
    }

    fn configuration_revision(&self) -> u64 {
        let judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        judging.configuration.as_ref().map_or(0, |configuration| configuration.revision)
    }

    fn saved_policies(&self) -> u64 {
        self.judging.lock().unwrap_or_else(PoisonError::into_inner).policies.len() as u64
    }

    pub(super) fn detach(&self) -> Result<(), EnforceError> {
        self.orders().detach()
    }

    /// What was counted since the start, without what is zero.
    pub(super) fn counted(&self) -> String {
        let counters = self.counters();
        let told =
            counters.iter().filter(|(_, value)| *value > 0).map(|(name, value)| format!("{name}={value}"));
        told.collect::<Vec<_>>().join(" ")
    }

    pub(super) fn sweep(&self) {
        let chores = {
            let mut orders = self.orders();
            orders.sweep();
            orders.chores()
        };
        self.policies.look();
        self.follow_policies();
        let done = chores.run();
        self.orders().done(done);
    }

    pub(super) fn keep_learned(&self) {
        self.learned.save(&self.policies.engine().learned());
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn counters(&self) -> Counters {
        let mut sum = self.watched.counters();
        for shard in &self.shards {
            sum.merge(&shard.lock().unwrap_or_else(PoisonError::into_inner));
        }
        sum.merge(&self.policies.counters());
        sum.merge(&self.learned.counters());
        sum.merge(&self.orders().counters());
        sum.merge(&self.blocking.counters());
        sum
    }

    /// The counters, with the share of the traffic that was seen since the last report and in all.
    fn told(&self) -> Counters {
        let mut now = self.counters();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *told, now.clone());
        now.add(share::SEEN, share::seen(&Counters::default(), &now));
        now.add(share::SEEN_OF_LATE, share::seen(&before, &now));
        now.add(share::OFF, share::off(&Counters::default(), &now));
        now.add(share::OFF_OF_LATE, share::off(&before, &now));
        now
    }

    pub(super) fn surround(&self, surroundings: Surroundings) {
        self.orders().surround(surroundings);
    }

    /// Guards and watches exactly these interfaces from here on.
    pub(super) fn follow(&self, interfaces: &[Interface]) {
        self.orders().follow(interfaces);
        self.watched.follow(interfaces);
    }

    fn interfaces(&self) -> Vec<InterfaceReport> {
        let mut reports: BTreeMap<u32, InterfaceReport> = BTreeMap::new();
        for tap in self.watched.interfaces() {
            let ahead = match tap.ahead.as_slice() {
                [] => String::new(),
                ahead => format!("before the tap, which does not see what they take: {}", ahead.join(", ")),
            };
            let notes = [tap.note, ahead];
            reports.insert(
                tap.index,
                InterfaceReport {
                    name: tap.name,
                    gate: "none".to_owned(),
                    tap: tap.mode.to_owned(),
                    note: joined(notes.iter().map(String::as_str)),
                    index: tap.index,
                    since_ms: milliseconds(tap.since),
                    attach_failures: tap.failures,
                    ahead_of_tap: tap.ahead,
                },
            );
        }
        let guards = self.orders().interfaces();
        for guard in guards {
            let report = reports.entry(guard.index).or_insert_with(|| InterfaceReport {
                name: guard.name,
                tap: "none".to_owned(),
                index: guard.index,
                ..InterfaceReport::default()
            });
            report.gate = guard.mode.to_owned();
            report.note = joined([report.note.as_str(), guard.note.as_str()].into_iter());
            report.since_ms = report.since_ms.max(milliseconds(guard.since));
            report.attach_failures += guard.failures;
        }
        let there: HashSet<String> = reports.values().map(|report| report.name.clone()).collect();
        let missing = self.role.interfaces.iter().filter(|name| !there.contains(*name));
        let missing = missing.map(|name| InterfaceReport {
            name: name.clone(),
            gate: "none".to_owned(),
            tap: "none".to_owned(),
            note: "there is no such interface any more".to_owned(),
            ..InterfaceReport::default()
        });
        reports.into_values().chain(missing).collect()
    }
}

impl Node for RunningNode {
    fn revision(&self) -> u64 {
        self.orders().revision()
    }

    fn apply(&self, message: ControlMessage) -> Result<Option<Applied>, OutOfOrder> {
        let mut orders = self.orders();
        // Kept before the revision is, which would else never bring them again.
        let is_due = match &message.message {
            Some(Message::Revision(revision)) => revision.number == orders.revision() + 1,
            _ => true,
        };
        let rules = if is_due { self.capture_rules.take(&message) } else { None };
        let armed = if is_due { armed(&message, &self.role.name) } else { None };
        let mut applied = match message.message {
            Some(Message::Snapshot(snapshot)) => orders.snapshot(snapshot)?,
            Some(Message::Revision(revision)) => Some(orders.revise(revision)?),
            Some(Message::AutomaticBlockAck(ack)) => {
                self.blocking.blocks.acknowledge(&ack);
                None
            }
            Some(Message::InventoryAck(ack)) => {
                self.inventory_arrived(ack.number);
                None
            }
            None => {
                tracing::warn!("the control plane sent a message this version does not know; it is left out");
                None
            }
        };
        let judging = orders.judging();
        drop(orders);
        self.judge_by(judging);
        if let Some(age) = armed {
            self.blocking.blocks.arm(age);
        }
        if let Some(refusal) = rules.and_then(|rules| self.look_as(rules)) {
            tracing::warn!(reason = refusal.reason, "capture rules are not carried out");
            if let Some(applied) = &mut applied {
                applied.refusals.push(refusal);
            }
        }
        if let Some(applied) = &applied {
            tracing::info!(revision = applied.revision, "applied");
        }
        Ok(applied)
    }

    fn forget_revision(&self) {
        self.orders().forget_revision();
        self.policies.engine().learned().tell_all_again();
    }

    fn inventory(&self, counts: bool) -> Option<v1::InventoryUpdate> {
        let Role { account_id, collection_id, .. } = &self.role;
        inventory::update(&self.policies.engine().learned(), counts, account_id, *collection_id)
    }

    fn inventory_arrived(&self, number: u64) {
        self.policies.engine().learned().arrived(number);
    }

    fn inventory_lost(&self, update: v1::InventoryUpdate) {
        inventory::lost(&self.policies.engine().learned(), update);
    }

    fn automatic_blocks(&self) -> Vec<AutomaticBlock> {
        self.blocking.blocks.unacknowledged()
    }

    fn automatic_blocks_made(&self) -> watch::Receiver<u64> {
        self.blocking.blocks.made()
    }

    /// The orders are held for moments only: what is ordered meanwhile does not wait for a million counts.
    fn report(&self) -> SensorReport {
        let count = self.orders().count_hits();
        let counted = count.map(|count| count());
        let hits = counted.map(|counted| self.orders().name_hits(counted)).unwrap_or_default();
        let (enforcement_mode, gate_mode) = {
            let orders = self.orders();
            (orders.enforcement(), orders.gate_mode())
        };
        SensorReport {
            capture_mode: self.role.capture.name().to_owned(),
            enforcement_mode,
            interfaces: self.interfaces(),
            counters: self.told().iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            started_at_ms: self.started_at_ms,
            now_ms: now_ms(),
            block_hits: most_hit(hits),
            gate_mode: gate_mode.map_or(v1::GateMode::Unspecified, wire_mode).into(),
            automatic_blocking: Some(self.blocking.blocks.automatic_blocking()),
            flow_cutting: Some(self.blocking.blocks.flow_cutting()),
            suppression_hits: self.orders().suppression_hits(),
            configuration_revision: self.configuration_revision(),
            saved_policies: self.saved_policies(),
        }
    }
}

/// How long ago somebody ordered, last, that policies may block on this node again.
fn armed(message: &ControlMessage, node: &str) -> Option<Duration> {
    let Message::Revision(revision) = message.message.as_ref()? else { return None };
    let ages = revision.changes.iter().filter_map(|one| match one.change.as_ref()? {
        Change::ArmAutomaticBlocking(arm) => {
            (arm.node.is_empty() || arm.node == node).then_some(Duration::from_millis(arm.age_ms))
        }
        _ => None,
    });
    ages.min()
}

/// Of entries that dropped anything, a bounded number: of a million all could have.
fn most_hit(mut hits: Vec<enforce::BlockHits>) -> Vec<BlockHits> {
    hits.retain(|hit| hit.packets > 0);
    if hits.len() > MAX_HITS {
        hits.select_nth_unstable_by_key(MAX_HITS, |hit| Reverse(hit.packets));
        hits.truncate(MAX_HITS);
    }
    hits.sort_unstable_by_key(|hit| Reverse(hit.packets));
    let told = |hit: &enforce::BlockHits| BlockHits {
        cidr: hit.net.to_string(),
        packets: hit.packets,
        bytes: hit.bytes,
    };
    hits.iter().map(told).collect()
}

fn wire_mode(mode: GateMode) -> v1::GateMode {
    match mode {
        GateMode::Enforce => v1::GateMode::Enforce,
        GateMode::Monitor => v1::GateMode::Monitor,
    }
}

fn joined<'a>(notes: impl Iterator<Item = &'a str>) -> String {
    notes.filter(|note| !note.is_empty()).collect::<Vec<_>>().join("; ")
}

fn now_ms() -> u64 {
    milliseconds(SystemTime::now())
}

/// Since the Unix epoch.
fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
