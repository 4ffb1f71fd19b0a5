//! How much of a flow is looked at, as rules say: looked up once for a flow, and again when the rules or what is known of
//! the flow have changed.
//!
//! Nothing that an end sends decides it: addresses cannot be chosen where an answer is wanted, and of the ports only that of
//! the server counts.

use aya_ebpf::{
    bindings::BPF_F_NO_PREALLOC,
    btf_maps::{Array, HashMap, LpmTrie, lpm_trie::Key},
    macros::btf_map,
};
use portcullis_sensor_common::tap::{
    MAX_RULE_ENTRIES, MODE_FULL, MODE_NONE, NetRule, PortKey, PortRule, RecordHeader,
};

use crate::flow::{Flow, Side};

#[btf_map]
static RULES_V4: LpmTrie<[u8; 4], NetRule, MAX_RULE_ENTRIES> = LpmTrie::new();
#[btf_map]
static RULES_V6: LpmTrie<[u8; 16], NetRule, MAX_RULE_ENTRIES> = LpmTrie::new();
#[btf_map]
static RULES_PORTS: HashMap<PortKey, PortRule, MAX_RULE_ENTRIES, { BPF_F_NO_PREALLOC as usize }> =
    HashMap::new();

/// One element: 0 while there are no rules, else a number that no rules before had.
#[btf_map]
static RULES_NUMBER: Array<u32, 1> = Array::new();

/// What a rule says, and how much that counts.
#[derive(Clone, Copy)]
struct Word {
    mode: u8,
    weight: u32,
}

/// `MODE_…` for the flow that this segment is of.
#[inline(always)]
pub(crate) fn mode(flow: &mut Flow, record: &RecordHeader, side: Side) -> u8 {
    // SAFETY: a read of an element that lives as long as the map does.
    let number = RULES_NUMBER.get(0).map_or(0, |number| *number);
    if flow.rules != number {
        flow.rules = number;
        flow.mode = if number == 0 { MODE_FULL } else { look_up(flow, record, side) };
    }
    flow.mode
}

#[inline(always)]
fn look_up(flow: &Flow, record: &RecordHeader, side: Side) -> u8 {
    let port = if flow.is_client(side) {
        record.destination_port
    } else if flow.is_server(side) {
        record.source_port
    } else {
        0
    };
    let source = of_address(&record.source, record.ip_version, port);
    let destination = of_address(&record.destination, record.ip_version, port);
    let is_source = source.weight > destination.weight
        || (source.weight == destination.weight && source.mode < destination.mode);
    let word = if is_source { source } else { destination };
    if word.mode == MODE_NONE { MODE_FULL } else { word.mode }
}

#[inline(always)]
fn of_address(address: &[u8; 16], ip_version: u8, port: u16) -> Word {
    let nothing = Word { mode: MODE_NONE, weight: 0 };
    let rule = if ip_version == 4 {
        RULES_V4.get(&Key::new(32, [address[0], address[1], address[2], address[3]]))
    } else {
        RULES_V6.get(&Key::new(128, *address))
    };
    let Some(rule) = rule else { return nothing };
    let of_net = Word { mode: rule.mode, weight: weight(rule.prefix_len, false) };
    if rule.ports == 0 || port == 0 {
        return if rule.mode == MODE_NONE { nothing } else { of_net };
    }
    let key = PortKey { ports: rule.ports, port, padding: [0; 2] };
    // SAFETY: copied at once; a rule that is changed meanwhile is looked up again.
    match unsafe { RULES_PORTS.get(key) } {
        Some(rule) => Word { mode: rule.mode, weight: weight(rule.prefix_len, true) },
        None if rule.mode == MODE_NONE => nothing,
        None => of_net,
    }
}

/// The longer prefix first, then whoever names a port.
#[inline(always)]
fn weight(prefix_len: u8, names_port: bool) -> u32 {
    1 + (u32::from(prefix_len) << 1) + u32::from(names_port)
}
