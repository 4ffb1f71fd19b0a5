use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Who is at the other end, as far as that can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    /// The last of them speaks TLS with whoever is in front of us.
    pub(super) has_tls: bool,
}

/// Reads what a trusted proxy says of whom it speaks for. Nobody else's headers count.
pub(super) fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> Client {
    let peer = peer.to_canonical();
    if !is_in(proxies, peer) {
        return Client { address: peer, has_tls: false };
    }
    let proto = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok());
    let has_tls = proto.is_some_and(|text| text.trim().eq_ignore_ascii_case("https"));
    // Each proxy adds its peer at the end: from there on back to the first that is no proxy of ours.
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let mut address = peer;
    for text in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Ok(before) = text.trim().parse::<IpAddr>() else { break };
        address = before.to_canonical();
        if !is_in(proxies, address) {
            break;
        }
    }
    Client { address, has_tls }
}

fn is_in(proxies: &[IpNet], address: IpAddr) -> bool {
    proxies.iter().any(|net| net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        headers.insert(FORWARDED_PROTO, "https".parse().unwrap());
        let proxies: Vec<IpNet> = proxies.iter().map(|net| net.parse().unwrap()).collect();
        let Client { address, has_tls } = client(peer.parse().unwrap(), &headers, &proxies);
        format!("{address}{}", if has_tls { " by TLS" } else { "" })
    }

    #[test]
    fn only_a_trusted_proxy_says_who_is_behind_it() {
        assert_eq!(seen("192.0.2.1", &["203.0.113.9"], &[]), "192.0.2.1");
        assert_eq!(seen("192.0.2.1", &["203.0.113.9"], &["192.0.2.1/32"]), "203.0.113.9 by TLS");
        assert_eq!(seen("192.0.2.1", &[], &["192.0.2.1/32"]), "192.0.2.1 by TLS");
        assert_eq!(
            seen("::ffff:192.0.2.1", &["::ffff:203.0.113.9"], &["192.0.2.0/24"]),
            "203.0.113.9 by TLS"
        );
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        let proxies = ["192.0.2.0/24"];
        assert_eq!(seen("192.0.2.1", &["10.9.9.9, 203.0.113.9"], &proxies), "203.0.113.9 by TLS");
        assert_eq!(
            seen("192.0.2.1", &["10.9.9.9", "203.0.113.9, 192.0.2.2"], &proxies),
            "203.0.113.9 by TLS"
        );
        assert_eq!(seen("192.0.2.1", &["203.0.113.9, nonsense"], &proxies), "192.0.2.1 by TLS");
    }
}
