use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use ipnet::IpNet;
use serde_json::Value;

use super::ruleset::{self, COUNTERS, GUARD_PREFIX, MET_PREFIX};
use crate::{counters::Counters, enforce::GateMode};

/// What our table holds.
#[derive(Debug, Default)]
pub(super) struct Listing {
    pub(super) blocks: BTreeMap<IpNet, Element>,
    /// Names of the sets that hold them.
    pub(super) prefix_sets: BTreeSet<String>,
    /// Indexes of the guarded interfaces.
    pub(super) guarded: BTreeSet<u32>,
    pub(super) counters: Counters,
    pub(super) mode: GateMode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
    /// `None` is permanent.
    pub(super) remaining: Option<Duration>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// Reads `nft -j list table`.
pub(super) fn parse(text: &str) -> Result<Listing, String> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| format!("nft's answer is no JSON: {error}"))?;
    let objects =
        document.get("nftables").and_then(Value::as_array).ok_or("nft's answer has no `nftables`")?;
    let mut listing = Listing::default();
    for object in objects {
        if let Some(chain) = object.get("chain") {
            let index: Option<u32> =
                name(chain).strip_prefix(GUARD_PREFIX).and_then(|index| index.parse().ok());
            listing.guarded.extend(index);
        } else if let Some(rule) = object.get("rule") {
            if is_monitoring(rule) {
                listing.mode = GateMode::Monitor;
            }
        } else if let Some(counter) = object.get("counter") {
            if let Some((_, metric)) = COUNTERS.iter().find(|(known, _)| *known == name(counter)) {
                listing.counters.add(metric, number(counter, "packets"));
            }
        } else if let Some(set) = object.get("set") {
            read_set(set, &mut listing)?;
        }
    }
    Ok(listing)
}

/// Whether this rule lets pass what a block met.
fn is_monitoring(rule: &Value) -> bool {
    let met = rule.get("chain").and_then(Value::as_str).is_some_and(|name| name.starts_with(MET_PREFIX));
    let mut statements = rule.get("expr").and_then(Value::as_array).into_iter().flatten();
    met && statements.any(|statement| statement.get("accept").is_some())
}

fn read_set(set: &Value, listing: &mut Listing) -> Result<(), String> {
    let set_name = name(set);
    if !set_name.starts_with("block_") {
        return Ok(());
    }
    listing.prefix_sets.insert(set_name.to_owned());
    for element in set.get("elem").and_then(Value::as_array).into_iter().flatten() {
        // Without a timeout and a counter it is the bare address.
        let detail = element.get("elem").unwrap_or(&Value::Null);
        let address =
            detail.get("val").unwrap_or(element).as_str().and_then(|text| text.parse::<IpAddr>().ok());
        let net = address
            .and_then(|address| ruleset::net_of(set_name, address))
            .ok_or_else(|| format!("set {set_name} holds {element}, which is no address"))?;
        let counter = detail.get("counter").unwrap_or(&Value::Null);
        let remaining = detail.get("expires").and_then(Value::as_u64).map(Duration::from_secs);
        let (packets, bytes) = (number(counter, "packets"), number(counter, "bytes"));
        listing.blocks.insert(net, Element { remaining, packets, bytes });
    }
    Ok(())
}

fn name(object: &Value) -> &str {
    object.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, key: &str) -> u64 {
    object.get(key).and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_with_what_is_left_and_what_they_counted() {
        let listing = parse(
            r#"{"nftables": [{"metainfo": {"version": "1.0.6"}},
                {"set": {"name": "block_v4_24", "elem": [
                    {"elem": {"val": "203.0.113.0", "timeout": 100, "expires": 99,
                              "counter": {"packets": 3, "bytes": 180}}}]}},
                {"chain": {"name": "ingress_7"}},
                {"counter": {"name": "dropped_v4", "packets": 3, "bytes": 180}}]}"#,
        )
        .unwrap();
        let element = listing.blocks[&"203.0.113.0/24".parse().unwrap()];
        assert_eq!(element, Element { remaining: Some(Duration::from_secs(99)), packets: 3, bytes: 180 });
        assert_eq!(listing.guarded, BTreeSet::from([7]));
        assert_eq!(listing.counters.value("gate_dropped_ipv4_total"), 3);
    }

    #[test]
    fn an_element_that_is_no_address_is_an_error_and_not_skipped() {
        let error =
            parse(r#"{"nftables": [{"set": {"name": "block_v4_32", "elem": ["here"]}}]}"#).unwrap_err();
        assert!(error.contains("block_v4_32"), "{error}");
    }
}
