use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use ipnet::{IpNet, Ipv4Net};

use super::ApiError;

/// An address alone is a prefix of full length. Host bits are cleared: what is stored is what is blocked.
pub(super) fn prefix(field: &str, text: &str) -> Result<IpNet, ApiError> {
    parse(text).map_err(|problem| ApiError::invalid(field, problem))
}

pub(super) fn parse(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let net: IpNet =
        parsed.map_err(|_| format!("{text:?} is no address and no prefix such as 203.0.113.0/24"))?;
    Ok(canonical(net.trunc()))
}

/// Scripts may hold actors with a port, which is no part of one here.
pub(super) fn address(text: &str) -> Result<IpAddr, ApiError> {
    let text = text.trim();
    let parsed = text.parse().or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()));
    let address: IpAddr =
        parsed.map_err(|_| ApiError::invalid("actorIp", format_args!("{text:?} is no address")))?;
    Ok(address.to_canonical())
}

/// An IPv4 prefix may come dressed as IPv6; on the wire it is IPv4.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(v6) = net else { return net };
    match (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) {
        (Some(v4), Some(length)) => Ipv4Net::new(v4, length).map_or(net, IpNet::V4),
        _ => net,
    }
}

/// Prefixes that are asked, a million times over, which of them contains another.
#[derive(Default)]
pub(super) struct Prefixes {
    all: BTreeSet<IpNet>,
    /// Lengths in use, with how many have it.
    lengths: BTreeMap<u8, usize>,
}

impl FromIterator<IpNet> for Prefixes {
    fn from_iter<T: IntoIterator<Item = IpNet>>(nets: T) -> Self {
        let mut prefixes = Self::default();
        for net in nets {
            *prefixes.lengths.entry(net.prefix_len()).or_default() += usize::from(prefixes.all.insert(net));
        }
        prefixes
    }
}

impl Prefixes {
    /// The widest that contains `net`, or is it.
    pub(super) fn around(&self, net: IpNet) -> Option<IpNet> {
        let shorter = self.lengths.range(..=net.prefix_len()).map(|(length, _)| *length);
        shorter
            .filter_map(|length| IpNet::new(net.addr(), length).ok())
            .map(|wider| wider.trunc())
            .find(|wider| self.all.contains(wider))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_kept_as_it_is_blocked() {
        for (given, kept) in [
            ("203.0.113.9", "203.0.113.9/32"),
            ("203.0.113.9/24", "203.0.113.0/24"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:203.0.113.9", "203.0.113.9/32"),
            (" 203.0.113.9 ", "203.0.113.9/32"),
        ] {
            assert_eq!(prefix("cidr", given).unwrap().to_string(), kept);
        }
        assert!(prefix("cidr", "203.0.113.0/33").is_err());
    }

    #[test]
    fn the_widest_prefix_around_another_is_found() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let all: Prefixes =
            ["203.0.113.0/24", "203.0.0.0/16", "2001:db8::/32"].into_iter().map(net).collect();
        assert_eq!(all.around(net("203.0.113.7/32")), Some(net("203.0.0.0/16")));
        assert_eq!(all.around(net("203.0.0.0/16")), Some(net("203.0.0.0/16")));
        assert_eq!(all.around(net("203.0.0.0/15")), None);
        assert_eq!(all.around(net("2001:db8:1::/48")), Some(net("2001:db8::/32")));
    }
}
