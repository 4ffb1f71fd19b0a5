//! Capture rules as the tap's maps.

use aya::{
    Ebpf,
    maps::{Array, HashMap, LpmTrie, MapError, lpm_trie::Key},
};
use ipnet::IpNet;
use portcullis_sensor_common::tap::{
    MODE_FULL, MODE_HEADERS, MODE_NONE, MODE_OFF, NetRule, PortKey, PortRule,
};

use crate::capture::rules::{FlatRules, Mode, OfNet, Rules};

/// The rules that are in the kernel.
#[derive(Default)]
pub(super) struct InKernel {
    /// Never used again, so that flows which followed other rules look again.
    number: u32,
    nets: Vec<IpNet>,
}

impl InKernel {
    /// Flows follow either the rules before or these: they look again only once all of them are in.
    pub(super) fn replace(&mut self, ebpf: &mut Ebpf, rules: &Rules) -> Result<(), MapError> {
        let flat = FlatRules::of(rules).0;
        let number = self.number.wrapping_add(1).max(1);
        let before = ports(ebpf)?.keys().collect::<Result<Vec<PortKey>, _>>()?;
        for (at, (net, of_net)) in (1..).zip(&flat) {
            // Prefixes are fewer than this, so no two lists of ports have the same name.
            let name = if of_net.ports.is_empty() { 0 } else { number.wrapping_mul(4096).wrapping_add(at) };
            for (port, (mode, prefix_len)) in &of_net.ports {
                let key = PortKey { ports: name, port: *port, padding: [0; 2] };
                let rule = PortRule { mode: code(*mode), prefix_len: *prefix_len, padding: [0; 2] };
                ports(ebpf)?.insert(key, rule, 0)?;
            }
            insert(ebpf, *net, net_rule(of_net, name))?;
        }
        for gone in self.nets.iter().filter(|net| !flat.contains_key(net)) {
            remove(ebpf, *gone)?;
        }
        self.nets = flat.into_keys().collect();
        self.number = number;
        let mut state: Array<_, u32> = map(ebpf, "RULES_NUMBER")?.try_into()?;
        state.set(0, if rules.is_empty() { 0 } else { number }, 0)?;
        for key in before {
            ports(ebpf)?.remove(&key)?;
        }
        Ok(())
    }
}

fn net_rule(of_net: &OfNet, ports: u32) -> NetRule {
    let (mode, prefix_len) = of_net.any.map_or((MODE_NONE, 0), |(mode, len)| (code(mode), len));
    NetRule { ports, mode, prefix_len, padding: [0; 2] }
}

fn code(mode: Mode) -> u8 {
    match mode {
        Mode::Full => MODE_FULL,
        Mode::Headers => MODE_HEADERS,
        Mode::Off => MODE_OFF,
    }
}

fn insert(ebpf: &mut Ebpf, net: IpNet, rule: NetRule) -> Result<(), MapError> {
    match net {
        IpNet::V4(net) => {
            let mut trie: LpmTrie<_, [u8; 4], NetRule> = map(ebpf, "RULES_V4")?.try_into()?;
            trie.insert(&Key::new(net.prefix_len().into(), net.network().octets()), rule, 0)
        }
        IpNet::V6(net) => {
            let mut trie: LpmTrie<_, [u8; 16], NetRule> = map(ebpf, "RULES_V6")?.try_into()?;
            trie.insert(&Key::new(net.prefix_len().into(), net.network().octets()), rule, 0)
        }
    }
}

fn remove(ebpf: &mut Ebpf, net: IpNet) -> Result<(), MapError> {
    match net {
        IpNet::V4(net) => {
            let mut trie: LpmTrie<_, [u8; 4], NetRule> = map(ebpf, "RULES_V4")?.try_into()?;
            trie.remove(&Key::new(net.prefix_len().into(), net.network().octets()))
        }
        IpNet::V6(net) => {
            let mut trie: LpmTrie<_, [u8; 16], NetRule> = map(ebpf, "RULES_V6")?.try_into()?;
            trie.remove(&Key::new(net.prefix_len().into(), net.network().octets()))
        }
    }
}

fn ports(ebpf: &mut Ebpf) -> Result<HashMap<&mut aya::maps::MapData, PortKey, PortRule>, MapError> {
    map(ebpf, "RULES_PORTS")?.try_into()
}

fn map<'a>(ebpf: &'a mut Ebpf, name: &str) -> Result<&'a mut aya::maps::Map, MapError> {
    ebpf.map_mut(name).ok_or_else(|| MapError::InvalidName { name: name.to_owned() })
}
