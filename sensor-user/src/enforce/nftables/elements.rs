//! Elements of our sets: put, taken out, asked for and listed.

use std::{collections::BTreeMap, time::Duration};

use ipnet::IpNet;
use nix::errno::Errno;

use super::{
    netlink::{Messages, Netlink, attribute, attributes, number, text},
    ruleset::{Hook, TABLE},
    sets::Shape,
};

const LIST_TABLE: u16 = 1;
const LIST_SET: u16 = 2;
const LIST_ELEMENTS: u16 = 3;
const LIST_ITEM: u16 = 1;
const ELEMENT_KEY: u16 = 1;
const ELEMENT_TIMEOUT: u16 = 4;
const ELEMENT_EXPIRATION: u16 = 5;
const ELEMENT_EXPRESSION: u16 = 7;
const DATA_VALUE: u16 = 1;
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
const COUNTER_BYTES: u16 = 1;
const COUNTER_PACKETS: u16 = 2;

/// An attribute, and so a list of elements, may be 64 KiB long; one of IPv6 takes 40 bytes.
const ELEMENTS_OF_A_MESSAGE: usize = 1000;

/// As many as fit into the receiving buffer when all are there.
const QUESTIONS: usize = 256;

/// One transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Edits {
    /// By set; one that is not there any more, because it has ended, is as good as taken out.
    pub(super) removed: Vec<(String, IpNet)>,
    pub(super) put: BTreeMap<String, Vec<Timed>>,
}

/// `None` is permanent.
pub(super) type Timed = (IpNet, Option<Duration>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) net: IpNet,
    /// `None` is permanent.
    pub(super) remaining: Option<Duration>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

pub(super) fn apply(netlink: &mut Netlink, hook: Hook, mut edits: Edits) -> Result<(), Errno> {
    loop {
        if edits.removed.is_empty() && edits.put.is_empty() {
            return Ok(());
        }
        let (messages, removals) = encode(hook, &edits);
        let refused = netlink.transact(messages)?;
        let Some(first) = refused.first() else { return Ok(()) };
        let absent = |message: u32| {
            refused.iter().any(|refused| refused.message == message && refused.error == Errno::ENOENT)
        };
        let before = edits.removed.len();
        let mut message = removals.start;
        edits.removed.retain(|_| {
            message += 1;
            !absent(message - 1)
        });
        if edits.removed.len() == before || !refused.iter().all(|other| removals.contains(&other.message)) {
            return Err(first.error);
        }
    }
}

/// Those of the nets that are not in this set.
pub(super) fn missing(
    netlink: &mut Netlink,
    hook: Hook,
    set: &str,
    nets: &[IpNet],
) -> Result<Vec<IpNet>, Errno> {
    let mut missing = Vec::new();
    for nets in nets.chunks(QUESTIONS) {
        let mut messages = Messages::new(hook.family_number());
        let mut asked = BTreeMap::new();
        for net in nets {
            let number = begin(&mut messages, libc::NFT_MSG_GETSETELEM, 0, set);
            elements(&mut messages, &[(*net, None)]);
            asked.insert(number, *net);
        }
        for refused in netlink.ask(messages, |_| ())? {
            match asked.get(&refused.message) {
                Some(net) if refused.error == Errno::ENOENT => missing.push(*net),
                _ => return Err(refused.error),
            }
        }
    }
    Ok(missing)
}

/// Everything in a set. The kernel goes through it from the beginning for each 32 KiB that it hands out, so this is
/// for sets with few elements, or for when there is time.
pub(super) fn list(netlink: &mut Netlink, hook: Hook, set: &str, shape: Shape) -> Result<Vec<Listed>, Errno> {
    const ATTEMPTS: usize = 5;
    let mut all: BTreeMap<IpNet, Listed> = BTreeMap::new();
    for _ in 0..ATTEMPTS {
        let mut message = Messages::new(hook.family_number());
        begin(&mut message, libc::NFT_MSG_GETSETELEM, libc::NLM_F_DUMP, set);
        let of_one_moment = netlink.dump(message, |content| {
            let items = attribute(content, LIST_ELEMENTS).map(attributes).into_iter().flatten();
            for element in items.filter_map(|(_, item)| listed(item, shape)) {
                all.insert(element.net, element);
            }
        })?;
        if of_one_moment {
            break;
        }
    }
    Ok(all.into_values().collect())
}

fn encode(hook: Hook, edits: &Edits) -> (Messages, std::ops::Range<u32>) {
    let mut messages = Messages::new(hook.family_number());
    let mut end = 1;
    for (set, net) in &edits.removed {
        end = 1 + begin(&mut messages, libc::NFT_MSG_DELSETELEM, 0, set);
        elements(&mut messages, &[(*net, None)]);
    }
    for (set, put) in &edits.put {
        for put in put.chunks(ELEMENTS_OF_A_MESSAGE) {
            begin(&mut messages, libc::NFT_MSG_NEWSETELEM, libc::NLM_F_CREATE, set);
            elements(&mut messages, put);
        }
    }
    (messages, 1..end)
}

fn begin(messages: &mut Messages, kind: libc::c_int, flags: libc::c_int, set: &str) -> u32 {
    let number = messages.begin(kind, flags);
    messages.text(LIST_TABLE, TABLE);
    messages.text(LIST_SET, set);
    number
}

fn elements(messages: &mut Messages, elements: &[Timed]) {
    messages.nested(LIST_ELEMENTS, |list| {
        for (net, timeout) in elements {
            list.nested(LIST_ITEM, |item| {
                item.nested(ELEMENT_KEY, |key| match net {
                    IpNet::V4(net) => key.bytes(DATA_VALUE, &net.network().octets()),
                    IpNet::V6(net) => key.bytes(DATA_VALUE, &net.network().octets()),
                });
                if let Some(timeout) = timeout {
                    item.bytes(ELEMENT_TIMEOUT, &milliseconds(*timeout).to_be_bytes());
                }
            });
        }
    });
}

/// Not 0, which would be for ever, and not beyond what the kernel can count in nanoseconds.
fn milliseconds(timeout: Duration) -> u64 {
    const LONGEST: u64 = u64::MAX / 1_000_000 - 1;
    u64::try_from(timeout.as_millis()).unwrap_or(LONGEST).clamp(1, LONGEST)
}

fn listed(item: &[u8], shape: Shape) -> Option<Listed> {
    let key = attribute(attribute(item, ELEMENT_KEY)?, DATA_VALUE)?;
    let counter = attribute(item, ELEMENT_EXPRESSION)
        .filter(|expression| text(expression, EXPRESSION_NAME) == Some("counter"))
        .and_then(|expression| attribute(expression, EXPRESSION_DATA))
        .unwrap_or_default();
    Some(Listed {
        net: shape.net(key)?,
        remaining: number(item, ELEMENT_EXPIRATION).map(Duration::from_millis),
        packets: number(counter, COUNTER_PACKETS).unwrap_or(0),
        bytes: number(counter, COUNTER_BYTES).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_is_near_or_far_stays_an_end() {
        assert_eq!(milliseconds(Duration::from_micros(1)), 1);
        assert_eq!(milliseconds(Duration::from_millis(1500)), 1500);
        assert!(milliseconds(Duration::MAX).checked_mul(1_000_000).is_some());
    }
}
