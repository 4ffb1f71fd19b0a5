//! Our table in libnftables' JSON (libnftables-json(5)), laid in one transaction.
//!
//! ```text
//! ingress_<index>  a base chain for each interface        jump gate
//! gate             @allow_v4, @allow_v6                   accept
//!                  longest prefix first: @block_v4_32_1   goto met_v4_32
//! met_v4_32        update @hits_v4_32 { saddr counter }   goto drop_v4
//!                  (no room for a counter)                goto drop_v4
//! drop_v4          counter dropped_v4                     drop
//! ```
//!
//! A full set of hits breaks off its rule and not the drop. In monitor mode `would_drop_…` stands where `drop_…` does
//! and accepts.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use serde_json::{Value, json};

use super::{
    sets::{BlockSet, Family, Shape},
    standing::Standing,
};
use crate::enforce::GateMode;

pub(super) const TABLE: &str = "portcullis";
pub(super) const GATE: &str = "gate";
pub(super) const GUARD_PREFIX: &str = "ingress_";
const PREROUTING: &str = "prerouting";

/// Counters by the name that operators see.
pub(super) const COUNTERS: [(&str, &str); 6] = [
    ("allowed", "gate_allowed_total"),
    ("dropped_v4", "gate_dropped_ipv4_total"),
    ("dropped_v6", "gate_dropped_ipv6_total"),
    ("would_drop_v4", "gate_would_drop_ipv4_total"),
    ("would_drop_v6", "gate_would_drop_ipv6_total"),
    ("hits_uncounted", "gate_hits_uncounted_total"),
];

/// Entries of one prefix length that can have hits of their own; what has no room is in the totals alone.
const MAX_HITS: usize = 65_536;

/// Where packets meet the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hook {
    /// Table `netdev`, of each interface (Linux 4.2 with `CONFIG_NETFILTER_INGRESS`): ahead of everything but XDP and
    /// packet sockets.
    #[default]
    Ingress,
    /// Table `inet`, of the IP stack, for kernels without.
    Prerouting,
}

impl Hook {
    pub(super) const BOTH: [Self; 2] = [Self::Ingress, Self::Prerouting];

    pub(super) fn family(self) -> &'static str {
        match self {
            Self::Ingress => "netdev",
            Self::Prerouting => "inet",
        }
    }

    /// `NFPROTO_…` of linux/netfilter.h.
    pub(super) fn family_number(self) -> u8 {
        match self {
            Self::Ingress => 5,
            Self::Prerouting => 1,
        }
    }

    /// Ahead of whoever else uses the hook; in the IP stack ahead of defragmentation (-400) and connection tracking.
    fn priority(self) -> i32 {
        match self {
            Self::Ingress => -500,
            Self::Prerouting => -450,
        }
    }
}

/// What our table is to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Ruleset {
    pub(super) hook: Hook,
    pub(super) mode: GateMode,
    pub(super) allow: BTreeSet<IpNet>,
    /// Name by index.
    pub(super) guards: BTreeMap<u32, String>,
    pub(super) sets: BTreeSet<BlockSet>,
}

impl Ruleset {
    /// Makes the table this one, whatever of it stands. Elements of sets that stay are not touched, nor is what is
    /// counted.
    pub(super) fn lay(&self, stands: &Standing) -> String {
        let mut batch = Batch::new(self.hook);
        batch.0.push(json!({"add": {"table": {"family": self.hook.family(), "name": TABLE}}}));
        batch.0.push(json!({"flush": {"table": {"family": self.hook.family(), "name": TABLE}}}));
        let wanted =
            self.sets.iter().copied().map(BlockSet::name).chain(self.shapes().into_iter().map(Shape::hits));
        let wanted: BTreeSet<String> = wanted.chain(Family::BOTH.map(allow_set)).collect();
        for name in stands.sets.keys().filter(|name| !wanted.contains(*name)) {
            batch.push("delete", "set", json!({"name": name}));
        }
        for name in stands.chains.iter().filter(|(name, chain)| !self.keeps(name, &chain.devices)) {
            batch.push("delete", "chain", json!({"name": name.0}));
        }
        for (name, _) in COUNTERS {
            batch.push("add", "counter", json!({"name": name}));
        }
        batch.add_sets(self.sets.iter().copied(), stands);
        for shape in self.shapes() {
            batch.add_set(
                &shape.hits(),
                shape.family,
                json!({"flags": ["timeout"], "size": MAX_HITS}),
                stands,
            );
        }
        for family in Family::BOTH {
            batch.add_set(&allow_set(family), family, json!({"flags": ["interval"]}), stands);
        }
        batch.allow(&self.allow);
        for family in Family::BOTH {
            batch.outcome(family, self.mode);
        }
        for shape in self.shapes() {
            batch.met(shape, self.mode);
        }
        batch.gate(&self.sets);
        self.hooks(&mut batch, stands);
        batch.into_json()
    }

    /// Sets alone, to be filled before any rule looks at them.
    pub(super) fn prepare(&self, sets: impl Iterator<Item = BlockSet>, stands: &Standing) -> String {
        let mut batch = Batch::new(self.hook);
        batch.add_sets(sets, stands);
        batch.into_json()
    }

    pub(super) fn set_allow(&self) -> String {
        let mut batch = Batch::new(self.hook);
        batch.allow(&self.allow);
        batch.into_json()
    }

    pub(super) fn shapes(&self) -> BTreeSet<Shape> {
        self.sets.iter().map(|set| set.shape).collect()
    }

    /// The mode of a table that stands.
    pub(super) fn mode_of(stands: &Standing) -> GateMode {
        if stands.chains.contains_key(&outcome_chain(Family::V4, GateMode::Monitor)) {
            GateMode::Monitor
        } else {
            GateMode::Enforce
        }
    }

    /// Whether a chain that stands is as it is to be; base chains must be at the right interface.
    fn keeps(&self, chain: &str, devices: &[String]) -> bool {
        if let Some(index) = chain.strip_prefix(GUARD_PREFIX) {
            let guard = index.parse().ok().and_then(|index: u32| self.guards.get(&index));
            return guard.is_some_and(|name| devices.len() == 1 && devices.contains(name));
        }
        chain == GATE
            || chain == PREROUTING && self.hook == Hook::Prerouting
            || Family::BOTH.iter().any(|family| chain == outcome_chain(*family, self.mode))
            || self.shapes().iter().any(|shape| chain == met_chain(*shape))
    }

    fn hooks(&self, batch: &mut Batch, stands: &Standing) {
        let base = |name: &str, hook: &str| json!({"name": name, "type": "filter", "hook": hook, "prio": self.hook.priority(), "policy": "accept"});
        match self.hook {
            Hook::Ingress => {
                for (index, interface) in &self.guards {
                    // By index, since an interface's name may hold what a chain's may not.
                    let chain = format!("{GUARD_PREFIX}{index}");
                    let stands = stands.chains.get(&chain);
                    if !stands.is_some_and(|stands| self.keeps(&chain, &stands.devices)) {
                        let mut base = base(&chain, "ingress");
                        if let Some(base) = base.as_object_mut() {
                            base.insert("dev".to_owned(), json!(interface));
                        }
                        batch.push("add", "chain", base);
                    }
                    batch.rule(&chain, json!([{"jump": {"target": GATE}}]));
                }
            }
            Hook::Prerouting => {
                batch.push("add", "chain", base(PREROUTING, "prerouting"));
                for interface in self.guards.values() {
                    let from = json!({"meta": {"key": "iifname"}});
                    let jump = json!([
                        {"match": {"op": "==", "left": from, "right": interface}},
                        {"jump": {"target": GATE}}
                    ]);
                    batch.rule(PREROUTING, jump);
                }
            }
        }
    }
}

/// Commands that nft carries out in one transaction.
struct Batch(Vec<Value>, Hook);

impl Batch {
    fn new(hook: Hook) -> Self {
        Self(Vec::new(), hook)
    }

    fn add_sets(&mut self, sets: impl Iterator<Item = BlockSet>, stands: &Standing) {
        for set in sets {
            self.add_set(&set.name(), set.shape.family, json!({"flags": ["timeout"]}), stands);
        }
    }

    /// Not again where it stands: an older version's may differ in what the kernel would not change.
    fn add_set(&mut self, name: &str, family: Family, mut set: Value, stands: &Standing) {
        if stands.sets.contains_key(name) {
            return;
        }
        if let Some(set) = set.as_object_mut() {
            set.insert("name".to_owned(), json!(name));
            let kind = match family {
                Family::V4 => "ipv4_addr",
                Family::V6 => "ipv6_addr",
            };
            set.insert("type".to_owned(), json!(kind));
        }
        self.push("add", "set", set);
    }

    /// Makes the allow sets exactly these.
    fn allow(&mut self, nets: &BTreeSet<IpNet>) {
        // Interval sets refuse overlap.
        let nets = IpNet::aggregate(&nets.iter().copied().collect());
        for family in Family::BOTH {
            let elements: Vec<Value> = nets
                .iter()
                .filter(|net| Family::of(**net) == family)
                .map(|net| json!({"prefix": {"addr": net.network(), "len": net.prefix_len()}}))
                .collect();
            self.push("flush", "set", json!({"name": allow_set(family)}));
            if !elements.is_empty() {
                self.push("add", "element", json!({"name": allow_set(family), "elem": elements}));
            }
        }
    }

    fn outcome(&mut self, family: Family, mode: GateMode) {
        let chain = outcome_chain(family, mode);
        let verdict = match mode {
            GateMode::Enforce => json!({"drop": null}),
            GateMode::Monitor => json!({"accept": null}),
        };
        let counter = match mode {
            GateMode::Enforce => format!("dropped_{}", family.name()),
            GateMode::Monitor => format!("would_drop_{}", family.name()),
        };
        self.push("add", "chain", json!({"name": chain}));
        self.rule(&chain, json!([{"counter": counter}, verdict]));
    }

    fn met(&mut self, shape: Shape, mode: GateMode) {
        let chain = met_chain(shape);
        let on = json!({"goto": {"target": outcome_chain(shape.family, mode)}});
        let hits = format!("@{}", shape.hits());
        let count =
            json!({"set": {"op": "update", "elem": prefix(shape), "set": hits, "stmt": [{"counter": null}]}});
        self.push("add", "chain", json!({"name": chain}));
        self.rule(&chain, json!([count, on]));
        self.rule(&chain, json!([{"counter": "hits_uncounted"}, on]));
    }

    fn gate(&mut self, sets: &BTreeSet<BlockSet>) {
        self.push("add", "chain", json!({"name": GATE}));
        for family in Family::BOTH {
            let allowed = format!("@{}", allow_set(family));
            self.rule(
                GATE,
                json!([
                    {"match": {"op": "==", "left": source(family), "right": allowed}},
                    {"counter": "allowed"},
                    {"accept": null}
                ]),
            );
        }
        // Sets are in ascending order of length; the longest prefix has the hit.
        for set in sets.iter().rev() {
            self.rule(
                GATE,
                json!([
                    {"match": {"op": "==", "left": prefix(set.shape), "right": format!("@{}", set.name())}},
                    {"goto": {"target": met_chain(set.shape)}}
                ]),
            );
        }
    }

    fn rule(&mut self, chain: &str, expressions: Value) {
        self.push("add", "rule", json!({"chain": chain, "expr": expressions}));
    }

    fn push(&mut self, verb: &str, kind: &str, mut object: Value) {
        if let Some(object) = object.as_object_mut() {
            object.insert("family".to_owned(), self.1.family().into());
            object.insert("table".to_owned(), TABLE.into());
        }
        self.0.push(json!({verb: {kind: object}}));
    }

    fn into_json(self) -> String {
        json!({"nftables": self.0}).to_string()
    }
}

fn allow_set(family: Family) -> String {
    format!("allow_{}", family.name())
}

fn met_chain(shape: Shape) -> String {
    format!("met_{}", shape.name())
}

fn outcome_chain(family: Family, mode: GateMode) -> String {
    match mode {
        GateMode::Enforce => format!("drop_{}", family.name()),
        GateMode::Monitor => format!("would_drop_{}", family.name()),
    }
}

fn source(family: Family) -> Value {
    let protocol = match family {
        Family::V4 => "ip",
        Family::V6 => "ip6",
    };
    json!({"payload": {"protocol": protocol, "field": "saddr"}})
}

/// The source address as far as prefixes of this shape look at it.
fn prefix(shape: Shape) -> Value {
    let source = source(shape.family);
    match shape.netmask() {
        Some(mask) if shape.len < shape.family.bits() => json!({"&": [source, IpAddr::to_string(&mask)]}),
        _ => source,
    }
}
