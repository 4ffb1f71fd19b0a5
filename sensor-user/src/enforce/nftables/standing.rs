use std::collections::BTreeMap;

use nix::errno::Errno;

use super::{
    netlink::{Messages, Netlink, attribute, attributes, number, text},
    ruleset::{COUNTERS, GATE, GUARD_PREFIX, Hook, TABLE},
};
use crate::counters::Counters;

/// What of our table stands in the kernel, without elements. Handles are given once in a table's life, so two that
/// are equal are the same table, untouched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) table: u64,
    /// One of them puts the whole table to sleep.
    flags: u64,
    pub(super) chains: BTreeMap<String, Chain>,
    rules: BTreeMap<u64, String>,
    /// Handle by name.
    pub(super) sets: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    handle: u64,
    /// Interfaces that it is hooked to.
    pub(super) devices: Vec<String>,
}

impl Standing {
    /// `None` where there is no such table.
    pub(super) fn read(netlink: &mut Netlink, hook: Hook) -> Result<Option<Self>, Errno> {
        const TABLE_NAME: u16 = 1;
        const TABLE_FLAGS: u16 = 2;
        const TABLE_HANDLE: u16 = 4;
        let mut stands = None;
        each(netlink, hook, libc::NFT_MSG_GETTABLE, |table| {
            if text(table, TABLE_NAME) == Some(TABLE) {
                let number = |kind| number(table, kind).unwrap_or(0);
                let (table, flags) = (number(TABLE_HANDLE), number(TABLE_FLAGS));
                stands = Some(Self { table, flags, ..Self::default() });
            }
        })?;
        let Some(mut stands) = stands else { return Ok(None) };
        each_of_ours(netlink, hook, libc::NFT_MSG_GETCHAIN, |chain| {
            const HANDLE: u16 = 2;
            const NAME: u16 = 3;
            const HOOK: u16 = 4;
            if let Some(name) = text(chain, NAME) {
                let devices = attribute(chain, HOOK).map(devices).unwrap_or_default();
                let handle = number(chain, HANDLE).unwrap_or(0);
                stands.chains.insert(name.to_owned(), Chain { handle, devices });
            }
        })?;
        each_of_ours(netlink, hook, libc::NFT_MSG_GETRULE, |rule| {
            const CHAIN: u16 = 2;
            const HANDLE: u16 = 3;
            let chain = text(rule, CHAIN).unwrap_or_default();
            stands.rules.insert(number(rule, HANDLE).unwrap_or(0), chain.to_owned());
        })?;
        each_of_ours(netlink, hook, libc::NFT_MSG_GETSET, |set| {
            const NAME: u16 = 2;
            const HANDLE: u16 = 16;
            if let Some(name) = text(set, NAME) {
                stands.sets.insert(name.to_owned(), number(set, HANDLE).unwrap_or(0));
            }
        })?;
        Ok(Some(stands))
    }

    /// Somebody else may call a table so too.
    pub(super) fn is_ours(&self) -> bool {
        self.chains.contains_key(GATE) || self.sets.contains_key("allow_v4")
    }

    /// Without the base chains of interfaces that are gone: kernels before 6.16 take those away themselves.
    pub(super) fn forget(&mut self, gone: impl Fn(u32) -> bool) {
        let of_gone = |chain: &str| {
            let index = chain.strip_prefix(GUARD_PREFIX).and_then(|index| index.parse().ok());
            index.is_some_and(&gone)
        };
        self.chains.retain(|name, _| !of_gone(name));
        self.rules.retain(|_, chain| !of_gone(chain));
    }
}

pub(super) fn counters(netlink: &mut Netlink, hook: Hook) -> Result<Counters, Errno> {
    const NAME: u16 = 2;
    const DATA: u16 = 4;
    const PACKETS: u16 = 2;
    let mut counters = Counters::default();
    each_of_ours(netlink, hook, libc::NFT_MSG_GETOBJ, |object| {
        let name = text(object, NAME);
        let data = attribute(object, DATA).unwrap_or_default();
        if let Some((_, metric)) = COUNTERS.iter().find(|(known, _)| name == Some(known)) {
            counters.add(metric, number(data, PACKETS).unwrap_or(0));
        }
    })?;
    Ok(counters)
}

/// Counts the transactions of this network namespace, everybody's.
pub(super) fn generation(netlink: &mut Netlink) -> Result<u64, Errno> {
    const ID: u16 = 1;
    let mut message = Messages::new(libc::AF_UNSPEC as u8);
    message.begin(libc::NFT_MSG_GETGEN, 0);
    let mut generation = None;
    let refused = netlink.ask(message, |content| generation = number(content, ID))?;
    generation.ok_or(refused.first().map_or(Errno::EPROTO, |refused| refused.error))
}

fn devices(hook: &[u8]) -> Vec<String> {
    const DEVICE: u16 = 3;
    const DEVICES: u16 = 4;
    let name = |value: &[u8]| {
        let name = value.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(name).into_owned()
    };
    match attribute(hook, DEVICES) {
        Some(devices) => attributes(devices).map(|(_, device)| name(device)).collect(),
        None => attribute(hook, DEVICE).map(name).into_iter().collect(),
    }
}

fn each_of_ours(
    netlink: &mut Netlink,
    hook: Hook,
    kind: libc::c_int,
    mut found: impl FnMut(&[u8]),
) -> Result<(), Errno> {
    /// Of chains, rules, sets and objects alike.
    const OF_TABLE: u16 = 1;
    each(netlink, hook, kind, |content| {
        if text(content, OF_TABLE) == Some(TABLE) {
            found(content);
        }
    })
}

fn each(netlink: &mut Netlink, hook: Hook, kind: libc::c_int, found: impl FnMut(&[u8])) -> Result<(), Errno> {
    let mut message = Messages::new(hook.family_number());
    message.begin(kind, libc::NLM_F_DUMP);
    if kind != libc::NFT_MSG_GETTABLE {
        message.text(1, TABLE);
    }
    netlink.dump(message, found).map(|_| ())
}
