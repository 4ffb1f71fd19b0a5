use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Refusal, canonical};
use crate::kernel::interface;

/// Whom nothing may drop: loopback, the node itself, and whom the operator named.
pub(super) struct AllowList {
    configured: BTreeSet<IpNet>,
    own: BTreeSet<IpNet>,
}

impl AllowList {
    pub(super) fn new(configured: &[IpNet]) -> Self {
        let mut list =
            Self { configured: configured.iter().copied().map(canonical).collect(), own: BTreeSet::new() };
        list.refresh();
        list
    }

    /// Reads the node's addresses anew.
    pub(super) fn refresh(&mut self) {
        self.own = interface::own_addresses().into_iter().map(canonical).collect();
    }

    pub(super) fn nets(&self) -> BTreeSet<IpNet> {
        loopback()
            .into_iter()
            .chain(self.configured.iter().copied())
            .chain(self.own.iter().copied())
            .collect()
    }

    /// A block that could not drop anything is not carried out but refused, so that nobody takes it for protection.
    pub(super) fn refuse(&self, net: IpNet) -> Option<Refusal> {
        let covered = |allowed: &&IpNet| allowed.contains(&net);
        let reason = if let Some(allowed) = loopback().iter().find(covered) {
            format!("{allowed} is loopback, which is never dropped")
        } else if let Some(allowed) = self.own.iter().find(covered) {
            format!("{allowed} is this node's own address, which is never dropped")
        } else {
            let allowed = self.configured.iter().find(covered)?;
            format!("{allowed} is on this node's allow list")
        };
        Some(Refusal { net, reason })
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
        }
    }
}
