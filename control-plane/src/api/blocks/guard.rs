use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::super::{ApiError, endpoint::Call, prefix::Prefixes};
use crate::{blocking::blocking, fleet::Peer};

/// Shorter prefixes are whole parts of the internet: hardly ever meant, and `force` where they are.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 16;

/// Keeps people from cutting off themselves, the control plane, or everybody.
pub(super) struct Guard {
    force: bool,
    caller: IpAddr,
    fleet: Vec<(String, Peer)>,
    allowed: Prefixes,
}

impl Guard {
    pub(super) async fn of(call: &Call, force: bool) -> Result<Self, ApiError> {
        let api = call.api.clone();
        let allowed = blocking(move || api.store.allowed()).await?;
        Ok(Self {
            force,
            caller: call.from,
            fleet: call.api.fleet.peers(),
            allowed: allowed.into_iter().map(|one| one.cidr).collect(),
        })
    }

    /// Why such a block is not made, and what to do instead.
    pub(super) fn refuse(&self, cidr: IpNet) -> Option<String> {
        let never = refuse_own(cidr).or_else(|| self.refuse_allowed(cidr));
        never.or_else(|| self.refuse_control_plane(cidr)).or_else(|| {
            let careless =
                refuse_short(cidr).or_else(|| self.refuse_caller(cidr)).or_else(|| self.refuse_node(cidr));
            careless.filter(|_| !self.force)
        })
    }

    fn refuse_allowed(&self, cidr: IpNet) -> Option<String> {
        let allowed = self.allowed.around(cidr)?;
        Some(format!(
            "{cidr} is on the allow list ({allowed}), which wins over every block: take it off that list first \
             (removeAllowed, portctl allow remove {allowed})"
        ))
    }

    fn refuse_control_plane(&self, cidr: IpNet) -> Option<String> {
        let mut ours = self.fleet.iter().filter_map(|(_, peer)| peer.us);
        let us = ours.find(|us| cidr.contains(us))?;
        if cidr.prefix_len() == cidr.max_prefix_len() {
            return Some(format!(
                "{cidr} is the control plane, as sensors reach it: every sensor lets it pass always"
            ));
        }
        (!self.force).then(|| {
            format!(
                "{cidr} covers the control plane ({us}): block narrower prefixes, or say force: true to block the rest \
                 of it; the control plane passes all the same"
            )
        })
    }

    fn refuse_caller(&self, cidr: IpNet) -> Option<String> {
        let is_own = !self.caller.is_loopback() && cidr.contains(&self.caller);
        is_own.then(|| {
            format!("{cidr} covers your own address ({}): say force: true if that is meant", self.caller)
        })
    }

    fn refuse_node(&self, cidr: IpNet) -> Option<String> {
        let (node, peer) =
            self.fleet.iter().find(|(_, peer)| peer.sensor.is_some_and(|sensor| cidr.contains(&sensor)))?;
        let address = peer.sensor?;
        Some(format!(
            "{cidr} covers the sensor on {node} ({address}), which the other nodes would then drop: \
             say force: true if that is meant"
        ))
    }
}

/// Every sensor allows loopback before anything else, so such a block would be a promise that nobody keeps.
fn refuse_own(cidr: IpNet) -> Option<String> {
    let own = [
        IpNet::V4(Ipv4Net::new_assert([127, 0, 0, 0].into(), 8)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)),
        IpNet::V4(Ipv4Net::new_assert([0, 0, 0, 0].into(), 32)),
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 128)),
    ];
    let own = own.iter().find(|own| own.contains(&cidr) || cidr.contains(*own))?;
    Some(match cidr.prefix_len() {
        0 => format!(
            "{cidr} is everybody, the sensors' own side ({own}) too: it is never blocked. Block the prefixes that attack"
        ),
        _ => format!("{cidr} covers {own}, the sensors' own side: it is never blocked"),
    })
}

fn refuse_short(cidr: IpNet) -> Option<String> {
    let (family, shortest) = match cidr {
        IpNet::V4(_) => ("IPv4", SHORTEST_V4),
        IpNet::V6(_) => ("IPv6", SHORTEST_V6),
    };
    (cidr.prefix_len() < shortest).then(|| {
        format!(
            "{cidr} is a large part of all {family} addresses, customers with them: block prefixes of /{shortest} or \
             longer, or say force: true if that is meant"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    fn guard(force: bool) -> Guard {
        let peer = Peer {
            sensor: Some("10.0.0.7".parse().unwrap()),
            us: Some("10.0.0.1".parse().unwrap()),
            ..Peer::default()
        };
        Guard {
            force,
            caller: "198.51.100.9".parse().unwrap(),
            fleet: vec![("node-1".into(), peer)],
            allowed: [net("203.0.113.0/24")].into_iter().collect(),
        }
    }

    #[test]
    fn loopback_is_never_blocked_however_it_is_covered() {
        let own = ["127.0.0.1/32", "127.0.0.0/8", "0.0.0.0/0", "64.0.0.0/2", "::1/128", "::/0"];
        for cidr in own {
            assert!(guard(true).refuse(net(cidr)).is_some(), "{cidr}");
        }
        assert_eq!(guard(true).refuse(net("128.0.0.0/1")), None);
    }

    #[test]
    fn neither_the_control_plane_nor_who_is_allowed_is_blocked_even_by_force() {
        for cidr in ["10.0.0.1/32", "203.0.113.7/32", "203.0.113.0/24"] {
            assert!(guard(true).refuse(net(cidr)).is_some(), "{cidr}");
        }
        // With a hole in it that the allow list keeps open.
        assert_eq!(guard(false).refuse(net("203.0.0.0/16")), None);
    }

    #[test]
    fn what_is_hardly_ever_meant_needs_force() {
        for (cidr, word) in [
            ("128.0.0.0/1", "large part"),
            ("2000::/3", "large part"),
            ("198.51.100.0/24", "your own address"),
            ("10.0.0.7/32", "node-1"),
            ("10.0.0.0/24", "control plane"),
        ] {
            let refused = guard(false).refuse(net(cidr)).unwrap();
            assert!(refused.contains(word) && refused.contains("force: true"), "{cidr}: {refused}");
            assert_eq!(guard(true).refuse(net(cidr)), None, "{cidr}");
        }
    }
}
