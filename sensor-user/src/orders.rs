//! What the control plane ordered: blocks and suppressions at a revision, carried out here and kept on disk.
//!
//! The copy on disk is what holds when the control plane is away at our start, after a reboot emptied the kernel too.

mod kept;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use portcullis_detection::{Suppression, Suppressions};
use portcullis_exchange::Timestamp;
use portcullis_proto::v1::{self, change::Change};

use crate::{
    counters::Counters,
    enforce::{Block, BlockHits, EnforceError, Enforcer, GateMode, InterfaceGuard, Refusal},
    interfaces::Interface,
};

pub use kept::KeptError;

pub struct Orders {
    file: PathBuf,
    revision: u64,
    /// When each block ends; `None` is permanent.
    blocks: BTreeMap<IpNet, Option<SystemTime>>,
    suppressions: Arc<ArcSwap<Suppressions>>,
    enforcer: Option<Box<dyn Enforcer>>,
    enforce_errors: u64,
}

/// A revision is missing before this one: the stream has to begin anew with what we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revision {got} came where {expected} was due")]
pub struct OutOfOrder {
    pub expected: u64,
    pub got: u64,
}

impl Orders {
    /// Takes up what a former run kept in `file` and puts it in force. No enforcer: every block is refused.
    pub fn open(file: PathBuf, enforcer: Option<Box<dyn Enforcer>>) -> Result<Self, KeptError> {
        let kept = kept::read(&file)?;
        let mut orders = Self {
            file,
            revision: kept.revision,
            blocks: kept.blocks,
            suppressions: Arc::new(ArcSwap::from_pointee(Suppressions::new(kept.suppressions))),
            enforcer,
            enforce_errors: 0,
        };
        // Without a revision nothing is known: blocks that an earlier run left in the kernel stay until it is.
        if orders.revision > 0 {
            for refusal in orders.enforce_all() {
                tracing::warn!(cidr = %refusal.net, reason = %refusal.reason, "a kept block is not in force");
            }
        }
        Ok(orders)
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The revision counts of another control plane mean nothing: the next stream asks for everything.
    pub fn forget_revision(&mut self) {
        self.revision = 0;
    }

    /// What the shards look at before an event goes out.
    pub fn suppressions(&self) -> Arc<ArcSwap<Suppressions>> {
        Arc::clone(&self.suppressions)
    }

    /// Replaces everything.
    pub fn snapshot(&mut self, snapshot: v1::Snapshot) -> Vec<v1::Refusal> {
        let now = SystemTime::now();
        let mut refusals = Vec::new();
        self.blocks.clear();
        for block in &snapshot.blocks {
            match parse_net(&block.cidr) {
                Some(net) => drop(self.blocks.insert(net, ends_at(now, block.remaining_ms))),
                None => refusals.push(unreadable(&block.cidr)),
            }
        }
        refusals.extend(self.enforce_all().into_iter().map(refusal));
        self.suppress(|suppressions| {
            let known: Vec<_> = suppressions.iter().map(|(known, _)| known.id.clone()).collect();
            let gone = |id: &&String| snapshot.suppressions.iter().all(|kept| kept.id != **id);
            for id in known.iter().filter(gone) {
                suppressions.remove(id);
            }
            snapshot.suppressions.iter().for_each(|added| suppressions.insert(suppression(added, now)));
        });
        self.revision = snapshot.revision;
        self.keep();
        refusals
    }

    /// One step onward.
    pub fn revise(&mut self, revision: v1::Revision) -> Result<Vec<v1::Refusal>, OutOfOrder> {
        let expected = self.revision + 1;
        if revision.number != expected {
            return Err(OutOfOrder { expected, got: revision.number });
        }
        let now = SystemTime::now();
        let refusals =
            revision.changes.into_iter().filter_map(|change| self.change(change.change?, now)).collect();
        self.revision = revision.number;
        self.keep();
        Ok(refusals)
    }

    /// Packets and bytes dropped, by block.
    pub fn hits(&mut self) -> Vec<BlockHits> {
        let hits = self.enforcer.as_mut().map_or(Ok(Vec::new()), |enforcer| enforcer.hits());
        hits.unwrap_or_else(|error| {
            self.note_error(&error);
            Vec::new()
        })
    }

    /// Guards these interfaces from here on.
    pub fn follow(&mut self, interfaces: &[Interface]) {
        let followed = self.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.follow(interfaces));
        if let Err(error) = followed {
            self.note_error(&error);
        }
    }

    pub fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.enforcer.as_ref().map_or_else(Vec::new, |enforcer| enforcer.interfaces())
    }

    pub fn counters(&mut self) -> Counters {
        let mut counters =
            self.enforcer.as_mut().map_or_else(Counters::default, |enforcer| enforcer.counters());
        let interfaces = self.interfaces();
        let unguarded = interfaces.iter().filter(|guard| guard.mode == "none").count();
        counters.add("gate_interfaces", (interfaces.len() - unguarded) as u64);
        counters.add("gate_interfaces_unguarded", unguarded as u64);
        counters.add("enforce_errors_total", self.enforce_errors);
        counters.add(
            "blocks_in_force",
            self.blocks.values().filter(|end| is_ahead(**end, SystemTime::now())).count() as u64,
        );
        let suppressed = self.suppressions.load().iter().map(|(_, hits)| hits).sum();
        counters.add("events_suppressed_total", suppressed);
        counters
    }

    /// `xdp`, `nftables` or `off`; `xdp (monitor)` where nothing is dropped but counted.
    pub fn enforcement(&self) -> String {
        let Some(enforcer) = &self.enforcer else { return "off".to_owned() };
        match enforcer.gate_mode() {
            GateMode::Enforce => enforcer.mode().to_owned(),
            GateMode::Monitor => format!("{} (monitor)", enforcer.mode()),
        }
    }

    /// To be called about once a second.
    pub fn sweep(&mut self) {
        let swept = self.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.sweep());
        if let Err(error) = swept {
            self.note_error(&error);
        }
    }

    /// Takes everything out of the kernel. The orders stay on disk: the next start puts them in force again.
    pub fn detach(&mut self) -> Result<(), EnforceError> {
        self.enforcer.take().map_or(Ok(()), Enforcer::detach)
    }

    fn change(&mut self, change: Change, now: SystemTime) -> Option<v1::Refusal> {
        match change {
            Change::Block(block) => self.block(&block, now),
            Change::Unblock(unblock) => self.unblock(&unblock.cidr),
            Change::Suppress(added) => {
                self.suppress(|suppressions| suppressions.insert(suppression(&added, now)));
                None
            }
            Change::LiftSuppression(lifted) => {
                self.suppress(|suppressions| {
                    suppressions.remove(&lifted.id);
                });
                None
            }
            Change::Allow(_) | Change::Disallow(_) | Change::GateMode(_) => None,
        }
    }

    fn block(&mut self, block: &v1::Block, now: SystemTime) -> Option<v1::Refusal> {
        let Some(net) = parse_net(&block.cidr) else { return Some(unreadable(&block.cidr)) };
        let end = ends_at(now, block.remaining_ms);
        self.blocks.insert(net, end);
        let Some(enforcer) = &mut self.enforcer else { return Some(refusal(off(net))) };
        let done = enforcer.block(&Block { net, remaining: remaining(end, now) });
        match done {
            Ok(refused) => refused.map(refusal),
            Err(error) => {
                self.note_error(&error);
                Some(v1::Refusal { cidr: block.cidr.clone(), reason: error.to_string() })
            }
        }
    }

    fn unblock(&mut self, cidr: &str) -> Option<v1::Refusal> {
        let Some(net) = parse_net(cidr) else { return Some(unreadable(cidr)) };
        self.blocks.remove(&net);
        let error = self.enforcer.as_mut()?.unblock(net).err()?;
        self.note_error(&error);
        Some(v1::Refusal { cidr: cidr.to_owned(), reason: error.to_string() })
    }

    /// Makes the kernel's list this one.
    fn enforce_all(&mut self) -> Vec<Refusal> {
        let now = SystemTime::now();
        self.blocks.retain(|_, end| is_ahead(*end, now));
        let blocks: Vec<_> = self
            .blocks
            .iter()
            .map(|(net, end)| Block { net: *net, remaining: remaining(*end, now) })
            .collect();
        let Some(enforcer) = &mut self.enforcer else {
            return self.blocks.keys().map(|net| off(*net)).collect();
        };
        enforcer.replace(&blocks).unwrap_or_else(|error| {
            self.note_error(&error);
            blocks.iter().map(|block| Refusal { net: block.net, reason: error.to_string() }).collect()
        })
    }

    fn suppress(&self, change: impl FnOnce(&mut Suppressions)) {
        let mut suppressions = Suppressions::clone(&self.suppressions.load());
        suppressions.expire(timestamp(SystemTime::now()));
        change(&mut suppressions);
        self.suppressions.store(Arc::new(suppressions));
    }

    fn keep(&mut self) {
        let now = SystemTime::now();
        self.blocks.retain(|_, end| is_ahead(*end, now));
        let suppressions = self.suppressions.load();
        let suppressions = suppressions.iter().map(|(suppression, _)| suppression);
        if let Err(error) = kept::write(&self.file, self.revision, &self.blocks, suppressions) {
            tracing::error!(%error, "applied, but not kept for the next start; check that the state folder can be written");
        }
    }

    fn note_error(&mut self, error: &EnforceError) {
        self.enforce_errors += 1;
        tracing::error!(%error, "enforcement failed");
    }
}

/// An address or a prefix as the control plane writes it.
fn parse_net(cidr: &str) -> Option<IpNet> {
    let net = cidr.parse::<IpNet>().or_else(|_| cidr.parse::<IpAddr>().map(IpNet::from));
    net.ok().map(|net| net.trunc())
}

fn suppression(message: &v1::Suppression, now: SystemTime) -> Suppression {
    Suppression {
        id: message.id.clone(),
        actor: message.actor.clone(),
        policy_id: message.policy_id.clone(),
        method: message.method.clone(),
        url: message.url.clone(),
        host: message.host.clone(),
        until: ends_at(now, message.remaining_ms).map(timestamp),
    }
}

/// Zero is for ever; so is an end that no clock can express.
fn ends_at(now: SystemTime, remaining_ms: u64) -> Option<SystemTime> {
    (remaining_ms > 0).then(|| now.checked_add(Duration::from_millis(remaining_ms))).flatten()
}

fn is_ahead(end: Option<SystemTime>, now: SystemTime) -> bool {
    end.is_none_or(|end| now < end)
}

fn remaining(end: Option<SystemTime>, now: SystemTime) -> Option<Duration> {
    end.map(|end| end.duration_since(now).unwrap_or_default())
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn refusal(refusal: Refusal) -> v1::Refusal {
    v1::Refusal { cidr: refusal.net.to_string(), reason: refusal.reason }
}

fn off(net: IpNet) -> Refusal {
    Refusal { net, reason: "this sensor runs with --enforce off".to_owned() }
}

fn unreadable(cidr: &str) -> v1::Refusal {
    v1::Refusal { cidr: cidr.to_owned(), reason: "neither an address nor a prefix".to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Stands where the kernel would: keeps what it was told.
    #[derive(Clone, Default)]
    struct Ledger(Arc<Mutex<BTreeMap<String, Option<Duration>>>>);

    impl Ledger {
        fn nets(&self) -> Vec<String> {
            self.0.lock().unwrap().keys().cloned().collect()
        }
    }

    impl Enforcer for Ledger {
        fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
            *self.0.lock().unwrap() = blocks.iter().map(|b| (b.net.to_string(), b.remaining)).collect();
            Ok(Vec::new())
        }

        fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
            if block.net.addr().is_loopback() {
                return Ok(Some(Refusal { net: block.net, reason: "loopback".into() }));
            }
            self.0.lock().unwrap().insert(block.net.to_string(), block.remaining);
            Ok(None)
        }

        fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
            self.0.lock().unwrap().remove(&net.to_string());
            Ok(())
        }

        fn sweep(&mut self) -> Result<(), EnforceError> {
            Ok(())
        }

        fn set_mode(&mut self, _: GateMode) -> Result<(), EnforceError> {
            Ok(())
        }

        fn gate_mode(&self) -> GateMode {
            GateMode::Enforce
        }

        fn mode(&self) -> &'static str {
            "ledger"
        }

        fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
            Ok(Vec::new())
        }

        fn counters(&mut self) -> Counters {
            Counters::default()
        }

        fn follow(&mut self, _: &[Interface]) -> Result<(), EnforceError> {
            Ok(())
        }

        fn interfaces(&self) -> Vec<InterfaceGuard> {
            Vec::new()
        }

        fn detach(self: Box<Self>) -> Result<(), EnforceError> {
            self.0.lock().unwrap().clear();
            Ok(())
        }
    }

    fn block(cidr: &str, remaining_ms: u64) -> v1::Block {
        v1::Block { cidr: cidr.into(), remaining_ms, ..v1::Block::default() }
    }

    fn revision(number: u64, change: Change) -> v1::Revision {
        v1::Revision { number, changes: vec![v1::Change { change: Some(change) }] }
    }

    fn open(folder: &tempfile::TempDir, ledger: &Ledger) -> Orders {
        Orders::open(folder.path().join("orders.json"), Some(Box::new(ledger.clone()))).unwrap()
    }

    #[test]
    fn a_snapshot_replaces_and_revisions_step_on() {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        let blocks = vec![block("203.0.113.5", 0), block("2001:db8::/32", 60_000)];
        assert_eq!(orders.snapshot(v1::Snapshot { revision: 4, blocks, ..v1::Snapshot::default() }), []);
        assert_eq!(ledger.nets(), ["2001:db8::/32", "203.0.113.5/32"]);
        let step = revision(5, Change::Unblock(v1::Unblock { cidr: "203.0.113.5".into() }));
        assert_eq!(orders.revise(step), Ok(vec![]));
        assert_eq!((ledger.nets(), orders.revision()), (vec!["2001:db8::/32".to_owned()], 5));
    }

    #[test]
    fn a_hole_in_the_revisions_changes_nothing() {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        let step = revision(2, Change::Block(block("203.0.113.5", 0)));
        assert_eq!(orders.revise(step), Err(OutOfOrder { expected: 1, got: 2 }));
        assert_eq!((ledger.nets(), orders.revision()), (vec![], 0));
    }

    #[test]
    fn what_cannot_be_blocked_is_refused_with_the_reason_and_the_revision_counts() {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        let refusals = orders.revise(revision(1, Change::Block(block("127.0.0.1", 0)))).unwrap();
        assert_eq!(refusals, [v1::Refusal { cidr: "127.0.0.1/32".into(), reason: "loopback".into() }]);
        let refusals = orders.revise(revision(2, Change::Block(block("nonsense", 0)))).unwrap();
        assert_eq!(refusals.len(), 1);
        assert_eq!(orders.revision(), 2);
    }

    #[test]
    fn a_restart_puts_what_is_left_in_force_again() {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        let suppressions = vec![v1::Suppression { id: "s".into(), url: "/a".into(), ..Default::default() }];
        let blocks = vec![block("203.0.113.5", 0), block("203.0.113.6", 1), block("203.0.113.7", 60_000)];
        orders.snapshot(v1::Snapshot { revision: 9, blocks, suppressions, ..v1::Snapshot::default() });
        drop(orders);
        std::thread::sleep(Duration::from_millis(5));
        let rebooted = Ledger::default();
        let orders = open(&folder, &rebooted);
        assert_eq!(orders.revision(), 9);
        assert_eq!(rebooted.nets(), ["203.0.113.5/32", "203.0.113.7/32"]);
        assert_eq!(
            orders.suppressions().load().iter().map(|(s, _)| s.url.clone()).collect::<Vec<_>>(),
            ["/a"]
        );
    }

    #[test]
    fn suppressions_come_and_go_with_revisions() {
        let (folder, ledger) = (tempfile::tempdir().unwrap(), Ledger::default());
        let mut orders = open(&folder, &ledger);
        let seen_by_shards = orders.suppressions();
        let added = v1::Suppression { id: "s".into(), policy_id: "P".into(), ..Default::default() };
        orders.revise(revision(1, Change::Suppress(added))).unwrap();
        assert_eq!(seen_by_shards.load().len(), 1);
        orders.revise(revision(2, Change::LiftSuppression(v1::LiftSuppression { id: "s".into() }))).unwrap();
        assert!(seen_by_shards.load().is_empty());
    }

    #[test]
    fn without_an_enforcer_every_block_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut orders = Orders::open(folder.path().join("orders.json"), None).unwrap();
        let snapshot =
            v1::Snapshot { revision: 1, blocks: vec![block("203.0.113.5", 0)], ..v1::Snapshot::default() };
        assert_eq!(orders.snapshot(snapshot).len(), 1);
    }

    #[test]
    fn an_unreadable_file_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders.json");
        fs_err::write(&file, "{").unwrap();
        let error = Orders::open(file, None).err().unwrap().to_string();
        assert!(error.contains("orders.json"), "{error}");
    }
}
