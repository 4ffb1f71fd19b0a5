//! Our table in libnftables' JSON (libnftables-json(5)). As values and not as the crate's types, which know nothing
//! of a set's own counters.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ipnet::IpNet;
use serde_json::{Value, json};

use crate::enforce::GateMode;

pub(super) const FAMILY: &str = "netdev";
pub(super) const TABLE: &str = "portcullis";
pub(super) const GUARD_PREFIX: &str = "ingress_";
/// Counters by the name that operators see.
pub(super) const COUNTERS: [(&str, &str); 5] = [
    ("allowed", "gate_allowed_total"),
    ("dropped_v4", "gate_dropped_ipv4_total"),
    ("dropped_v6", "gate_dropped_ipv6_total"),
    ("would_drop_v4", "gate_would_drop_ipv4_total"),
    ("would_drop_v6", "gate_would_drop_ipv6_total"),
];

const GATE: &str = "gate";
/// Where the gate sends what a block meets, by family: `met_v4`, `met_v6`. Only these know the mode.
pub(super) const MET_PREFIX: &str = "met_";
/// Ahead of whoever else uses the hook.
const PRIORITY: i32 = -500;

/// Commands that nft carries out in one transaction.
#[derive(Default)]
pub(super) struct Batch(Vec<Value>);

impl Batch {
    /// Of an older agent's table too this makes ours: what is there stays, the rules are written anew.
    pub(super) fn table(&mut self, mode: GateMode, prefix_sets: &BTreeSet<String>) {
        self.0.push(json!({"add": {"table": {"family": FAMILY, "name": TABLE}}}));
        for (name, _) in COUNTERS {
            self.push("add", "counter", json!({"name": name}));
        }
        self.push("add", "chain", json!({"name": GATE}));
        self.push("flush", "chain", json!({"name": GATE}));
        self.mode(mode);
        for (family, address) in [("v4", "ipv4_addr"), ("v6", "ipv6_addr")] {
            let set = format!("allow_{family}");
            self.push("add", "set", json!({"name": set, "type": address, "flags": ["interval"]}));
            self.rule(json!([
                {"match": {"op": "==", "left": source(family), "right": format!("@{set}")}},
                {"counter": "allowed"},
                {"accept": null}
            ]));
        }
        for (set, net) in prefix_sets.iter().filter_map(|set| Some((set, net_of_set(set)?))) {
            self.ask(set, net);
        }
    }

    pub(super) fn mode(&mut self, mode: GateMode) {
        for family in ["v4", "v6"] {
            let chain = format!("{MET_PREFIX}{family}");
            self.push("add", "chain", json!({"name": chain}));
            self.push("flush", "chain", json!({"name": chain}));
            let expressions = match mode {
                GateMode::Enforce => json!([{"counter": format!("dropped_{family}")}, {"drop": null}]),
                GateMode::Monitor => json!([{"counter": format!("would_drop_{family}")}, {"accept": null}]),
            };
            self.push("add", "rule", json!({"chain": chain, "expr": expressions}));
        }
    }

    /// Makes the allow sets exactly these.
    pub(super) fn allow(&mut self, nets: &BTreeSet<IpNet>) {
        // Interval sets refuse overlap.
        let nets = IpNet::aggregate(&nets.iter().copied().collect());
        for family in ["v4", "v6"] {
            let elements: Vec<Value> = nets
                .iter()
                .filter(|net| self::family(**net) == family)
                .map(|net| json!({"prefix": {"addr": net.addr(), "len": net.prefix_len()}}))
                .collect();
            let set = format!("allow_{family}");
            self.push("flush", "set", json!({"name": set}));
            self.push("add", "element", json!({"name": set, "elem": elements}));
        }
    }

    pub(super) fn guard(&mut self, interface: &str, index: u32) {
        // By index, since an interface's name may hold what a chain's may not.
        let chain = format!("{GUARD_PREFIX}{index}");
        self.push(
            "add",
            "chain",
            json!({"name": chain, "type": "filter", "hook": "ingress", "dev": interface, "prio": PRIORITY,
                   "policy": "accept"}),
        );
        self.push("add", "rule", json!({"chain": chain, "expr": [{"jump": {"target": GATE}}]}));
    }

    pub(super) fn release(&mut self, index: u32) {
        self.push("delete", "chain", json!({"name": format!("{GUARD_PREFIX}{index}")}));
    }

    /// The set of this prefix length, and the rule that asks it.
    pub(super) fn prefix_set(&mut self, net: IpNet) {
        let (set, family) = (prefix_set(net), family(net));
        let address = if family == "v4" { "ipv4_addr" } else { "ipv6_addr" };
        self.push(
            "add",
            "set",
            json!({"name": set, "type": address, "flags": ["timeout"], "stmt": [{"counter": null}]}),
        );
        self.ask(&set, net);
    }

    /// The rule that looks into the set of prefixes as long as `net`.
    fn ask(&mut self, set: &str, net: IpNet) {
        let family = family(net);
        let source = source(family);
        let left = if net.prefix_len() == net.max_prefix_len() {
            source
        } else {
            json!({"&": [source, net.netmask()]})
        };
        self.rule(json!([
            {"match": {"op": "==", "left": left, "right": format!("@{set}")}},
            {"goto": {"target": format!("{MET_PREFIX}{family}")}}
        ]));
    }

    pub(super) fn add(&mut self, net: IpNet, remaining: Option<Duration>) {
        let address = net.network();
        let element = match remaining {
            None => json!(address),
            Some(remaining) => json!({"elem": {"val": address, "timeout": seconds(remaining)}}),
        };
        self.push("add", "element", json!({"name": prefix_set(net), "elem": [element]}));
    }

    pub(super) fn remove(&mut self, net: IpNet) {
        self.push("delete", "element", json!({"name": prefix_set(net), "elem": [net.network()]}));
    }

    pub(super) fn remove_table(&mut self) {
        self.0.push(json!({"delete": {"table": {"family": FAMILY, "name": TABLE}}}));
    }

    /// `None` where there is nothing to do.
    pub(super) fn into_json(self) -> Option<String> {
        (!self.0.is_empty()).then(|| json!({"nftables": self.0}).to_string())
    }

    fn rule(&mut self, expressions: Value) {
        self.push("add", "rule", json!({"chain": GATE, "expr": expressions}));
    }

    fn push(&mut self, verb: &str, kind: &str, mut object: Value) {
        if let Some(object) = object.as_object_mut() {
            object.insert("family".to_owned(), FAMILY.into());
            object.insert("table".to_owned(), TABLE.into());
        }
        self.0.push(json!({verb: {kind: object}}));
    }
}

/// Name of the set that holds prefixes like this one.
pub(super) fn prefix_set(net: IpNet) -> String {
    format!("block_{}_{}", family(net), net.prefix_len())
}

/// The prefix that an element of such a set stands for.
pub(super) fn net_of(set: &str, address: IpAddr) -> Option<IpNet> {
    let len = set.strip_prefix("block_v4_").or_else(|| set.strip_prefix("block_v6_"))?;
    IpNet::new(address, len.parse().ok()?).ok()
}

/// Some prefix as long as those in the set.
fn net_of_set(set: &str) -> Option<IpNet> {
    let address = if set.starts_with("block_v4_") {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    net_of(set, address)
}

fn family(net: IpNet) -> &'static str {
    match net {
        IpNet::V4(_) => "v4",
        IpNet::V6(_) => "v6",
    }
}

fn source(family: &str) -> Value {
    let protocol = if family == "v4" { "ip" } else { "ip6" };
    json!({"payload": {"protocol": protocol, "field": "saddr"}})
}

/// nft's JSON knows whole seconds only: rather a little longer than not at all.
fn seconds(remaining: Duration) -> u64 {
    remaining.as_secs() + u64::from(remaining.subsec_nanos() > 0)
}
