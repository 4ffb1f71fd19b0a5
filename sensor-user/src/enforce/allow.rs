mod surroundings;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

pub use self::surroundings::{Lookout, Surroundings};
use super::{Refusal, canonical};
use crate::kernel::interface;

/// Why somebody is never dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AllowedAs {
    /// By the control plane's allow list.
    Ordered,
    /// By `--allow` of this sensor.
    Configured,
    Gateway,
    Resolver,
    ControlPlane,
    Own,
    Loopback,
}

/// Whom nothing may drop: loopback, the node itself and what it needs, and whom people named.
pub(super) struct AllowList {
    configured: BTreeSet<IpNet>,
    /// The control plane's allow list, and who is around the node.
    told: BTreeMap<IpNet, AllowedAs>,
    all: BTreeMap<IpNet, AllowedAs>,
    /// In use, ascending.
    lengths: BTreeSet<u8>,
}

impl AllowList {
    pub(super) fn new(configured: &[IpNet]) -> Self {
        let mut list = Self {
            configured: configured.iter().copied().map(canonical).collect(),
            told: BTreeMap::new(),
            all: BTreeMap::new(),
            lengths: BTreeSet::new(),
        };
        list.refresh();
        list
    }

    /// Reads the node's addresses anew. Whether anything is different then.
    pub(super) fn refresh(&mut self) -> bool {
        let own = interface::own_addresses().into_iter().map(canonical);
        let all: BTreeMap<IpNet, AllowedAs> = self
            .told
            .iter()
            .map(|(net, why)| (*net, *why))
            .chain(self.configured.iter().map(|net| (*net, AllowedAs::Configured)))
            .chain(own.map(|net| (net, AllowedAs::Own)))
            .chain(loopback().map(|net| (net, AllowedAs::Loopback)))
            .collect();
        let is_new = all != self.all;
        if is_new {
            self.lengths = all.keys().map(IpNet::prefix_len).collect();
            self.all = all;
        }
        is_new
    }

    /// Takes another such list. Whether anything is different then.
    pub(super) fn tell(&mut self, told: &BTreeMap<IpNet, AllowedAs>) -> bool {
        self.told = told.iter().map(|(net, why)| (canonical(*net), *why)).collect();
        self.refresh()
    }

    pub(super) fn nets(&self) -> BTreeSet<IpNet> {
        self.all.keys().copied().collect()
    }

    /// Whether this is to be blocked nowhere, not even in case it is allowed no longer.
    pub(super) fn is_loopback(net: IpNet) -> bool {
        loopback().iter().any(|allowed| allowed.contains(&net))
    }

    /// A block that cannot drop anything now is refused, so that nobody takes it for protection. Ordered ones stand in
    /// the gate all the same, which looks at the allow list first: once that does not hold them any more, they count.
    pub(super) fn refuse(&self, net: IpNet) -> Option<Refusal> {
        let (allowed, why) = self.around(net)?;
        let reason = match why {
            AllowedAs::Loopback => format!("{allowed} is loopback, which is never dropped"),
            AllowedAs::Own => format!("{allowed} is this node's own address, which is never dropped"),
            AllowedAs::Gateway => format!("{allowed} is this node's gateway, which is never dropped"),
            AllowedAs::Resolver => format!("{allowed} is this node's DNS resolver, which is never dropped"),
            AllowedAs::ControlPlane => format!("{allowed} is the control plane, which is never dropped"),
            AllowedAs::Configured => format!("{allowed} is on this node's allow list"),
            AllowedAs::Ordered => format!("{allowed} is on the allow list"),
        };
        Some(Refusal { net, reason })
    }

    /// By look-ups and not by a walk: a million blocks may ask a hundred thousand entries.
    fn around(&self, net: IpNet) -> Option<(IpNet, AllowedAs)> {
        let shorter = self.lengths.range(..=net.prefix_len());
        shorter
            .filter_map(|length| IpNet::new(net.addr(), *length).ok())
            .map(|wider| wider.trunc())
            .find_map(|wider| Some((wider, *self.all.get(&wider)?)))
    }
}

fn loopback() -> [IpNet; 2] {
    [
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_within_an_allowed_prefix_is_refused_with_the_reason() {
        let allow = AllowList::new(&[net("203.0.113.0/24")]);
        let refusal = allow.refuse(net("203.0.113.7/32")).unwrap();
        assert_eq!(refusal.reason, "203.0.113.0/24 is on this node's allow list");
    }

    #[test]
    fn a_block_around_an_allowed_prefix_is_carried_out() {
        let allow = AllowList::new(&[net("203.0.113.0/24")]);
        assert_eq!(allow.refuse(net("203.0.0.0/16")), None);
    }

    #[test]
    fn loopback_is_never_blocked_however_it_is_written() {
        let allow = AllowList::new(&[]);
        for text in ["127.0.0.1/32", "127.9.0.0/16", "::1/128", "::ffff:127.0.0.1/128"] {
            assert!(allow.refuse(canonical(net(text))).is_some(), "{text}");
            assert!(AllowList::is_loopback(canonical(net(text))), "{text}");
        }
    }

    #[test]
    fn what_is_told_comes_and_goes_and_each_reason_is_named() {
        let mut allow = AllowList::new(&[]);
        let told = [
            ("240.9.8.1/32", AllowedAs::Gateway, "gateway"),
            ("240.9.8.2/32", AllowedAs::Resolver, "resolver"),
            ("240.9.8.3/32", AllowedAs::ControlPlane, "control plane"),
            ("2001:db8::/32", AllowedAs::Ordered, "on the allow list"),
        ];
        assert!(allow.tell(&told.iter().map(|(text, why, _)| (net(text), *why)).collect()));
        for (text, _, word) in told {
            let refusal = allow.refuse(net(text)).unwrap();
            assert!(refusal.reason.contains(word), "{}", refusal.reason);
        }
        assert!(allow.refuse(net("2001:db8:1::7/128")).is_some());
        assert!(allow.tell(&BTreeMap::new()));
        assert_eq!(allow.refuse(net("240.9.8.1/32")), None);
    }
}
