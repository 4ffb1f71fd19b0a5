//! Says of an exchange where it was seen and who is behind it.

mod forwarded;
mod identity;

use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use portcullis_exchange::{Actor, ActorSource, Exchange, Headers, TaggedExchange, Tags};

pub use forwarded::ForwardedHeader;
use forwarded::Hops;
pub use identity::{IdentityRules, Source};

/// More proxies than this in a row is no network but an attack on the walk.
const MAX_HOPS: usize = 64;

/// What configuration says of this node, applied to every exchange.
#[derive(Clone, Debug)]
pub struct Tagger {
    tags: Arc<Tags>,
    recognition: Arc<ArcSwap<Recognition>>,
}

/// Whose word is believed about who an actor is.
#[derive(Clone, Debug, Default)]
pub struct Recognition {
    pub trusted_proxies: Vec<IpNet>,
    pub header: ForwardedHeader,
    pub identity: Option<Arc<IdentityRules>>,
}

impl Tagger {
    pub fn new(tags: Tags, trusted_proxies: Vec<IpNet>, header: ForwardedHeader) -> Self {
        let recognition = Recognition { trusted_proxies, header, identity: None };
        Self::following(tags, Arc::new(ArcSwap::from_pointee(recognition)))
    }

    /// One that does as it is told from exchange to exchange.
    pub fn following(tags: Tags, recognition: Arc<ArcSwap<Recognition>>) -> Self {
        Self { tags: Arc::new(tags), recognition }
    }

    pub fn interface(&self) -> &str {
        &self.tags.interface
    }

    pub fn tag(&self, exchange: Exchange) -> TaggedExchange {
        let headers = exchange.request.as_ref().map(|request| &request.headers);
        let actor = self.actor(exchange.client.ip(), headers);
        TaggedExchange { exchange, actor, tags: Arc::clone(&self.tags) }
    }

    /// The packet's source, unless that is a trusted proxy: then the first address that is none, read from the
    /// right, because each proxy appends and so only the right end is known to be true. A peer that is not trusted
    /// can write what it likes: its headers are not looked at.
    pub fn actor(&self, peer: IpAddr, headers: Option<&Headers>) -> Actor {
        let recognition = self.recognition.load();
        let identity =
            headers.zip(recognition.identity.as_ref()).and_then(|(headers, rules)| rules.of(headers));
        Actor { identity, ..recognition.actor(peer, headers) }
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.recognition.load().trusts(address)
    }
}

impl Recognition {
    fn actor(&self, peer: IpAddr, headers: Option<&Headers>) -> Actor {
        let peer = peer.to_canonical();
        match headers.filter(|_| self.trusts(peer)).and_then(|headers| self.walk(headers)) {
            Some(address) => Actor { source: ActorSource::TrustedProxy, ..Actor::of_packet(address) },
            None => Actor::of_packet(peer),
        }
    }

    /// The last address that can be believed; `None` where the very first hop is unreadable.
    ///
    /// A malformed hop ends the walk: what stands left of it was not written by anybody we trust.
    fn walk(&self, headers: &Headers) -> Option<IpAddr> {
        let mut believed = None;
        for hop in Hops::of(headers, self.header).take(MAX_HOPS) {
            let Some(address) = hop else { break };
            believed = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        believed
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|net| net.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use portcullis_exchange::{Request, Timestamp};

    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn actor(peer: &str, headers: &[(&str, &str)]) -> Actor {
        let trusted = ["10.0.0.0/8", "2001:db8:1::/48"].map(|net| net.parse().unwrap()).to_vec();
        let request = Request {
            method: "GET".into(),
            target: b"/".to_vec(),
            headers: Headers::from_pairs(headers.iter().copied()),
            ..Request::default()
        };
        let exchange = Exchange {
            request: Some(request),
            ..Exchange::at(
                Timestamp::default(),
                (peer.parse::<IpAddr>().unwrap(), 4711),
                ([192, 0, 2, 80], 80),
            )
        };
        Tagger::new(Tags::default(), trusted, ForwardedHeader::Auto).tag(exchange).actor
    }

    fn packet(address: &str) -> Actor {
        Actor::of_packet(address.parse().unwrap())
    }

    fn proxied(address: &str) -> Actor {
        Actor { source: ActorSource::TrustedProxy, ..packet(address) }
    }

    #[test]
    fn a_header_from_an_untrusted_peer_never_names_the_actor() {
        let headers = [("X-Forwarded-For", "198.51.100.9"), ("Forwarded", "for=198.51.100.9")];
        assert_eq!(actor("203.0.113.5", &headers), packet("203.0.113.5"));
    }

    #[test]
    fn a_trusted_proxy_names_the_first_untrusted_address_from_the_right() {
        let headers = [("X-Forwarded-For", "1.1.1.1, 203.0.113.5, 10.2.0.9")];
        assert_eq!(actor(PROXY, &headers), proxied("203.0.113.5"));
    }

    #[test]
    fn several_fields_are_one_list_in_wire_order() {
        let headers = [("X-Forwarded-For", "1.1.1.1"), ("Host", "a"), ("x-forwarded-for", "203.0.113.5")];
        assert_eq!(actor(PROXY, &headers), proxied("203.0.113.5"));
    }

    #[test]
    fn a_malformed_hop_ends_the_walk_at_the_last_one_believed() {
        assert_eq!(
            actor(PROXY, &[("X-Forwarded-For", "203.0.113.5, nonsense, 10.2.0.9")]),
            proxied("10.2.0.9")
        );
        assert_eq!(actor(PROXY, &[("X-Forwarded-For", "203.0.113.5, unknown")]), packet(PROXY));
    }

    #[test]
    fn where_every_hop_is_trusted_the_leftmost_is_the_client() {
        assert_eq!(actor(PROXY, &[("X-Forwarded-For", "10.9.9.9, 10.2.0.9")]), proxied("10.9.9.9"));
        assert_eq!(actor(PROXY, &[]), packet(PROXY));
    }

    #[test]
    fn the_standard_header_is_read_too_with_ports_and_brackets() {
        let headers = [("Forwarded", r#"for=1.1.1.1;proto=http, For="[2001:db8::7]:4711";by=10.0.0.1"#)];
        assert_eq!(actor(PROXY, &headers), proxied("2001:db8::7"));
        assert_eq!(actor("2001:db8:1::1", &[("Forwarded", "for=203.0.113.5")]), proxied("203.0.113.5"));
    }

    #[test]
    fn the_client_cannot_swallow_the_proxys_element_with_an_open_quote() {
        let headers = [("Forwarded", r#"for="1.1.1.1, for=203.0.113.5"#)];
        assert_eq!(actor(PROXY, &headers), proxied("203.0.113.5"));
    }

    #[test]
    fn a_clients_forwarded_does_not_outvote_the_proxys_x_forwarded_for() {
        let headers = [("Forwarded", "for=198.51.100.9"), ("X-Forwarded-For", "203.0.113.5")];
        assert_eq!(actor(PROXY, &headers), proxied("203.0.113.5"));
    }

    #[test]
    fn a_mapped_address_is_the_address_it_maps() {
        assert_eq!(actor("::ffff:203.0.113.5", &[]), packet("203.0.113.5"));
        assert_eq!(
            actor("::ffff:10.0.0.1", &[("X-Forwarded-For", "203.0.113.5:999")]),
            proxied("203.0.113.5")
        );
    }

    #[test]
    fn a_list_of_thousands_of_trusted_hops_ends() {
        let list = vec!["10.1.1.1"; 10_000].join(",");
        assert_eq!(actor(PROXY, &[("X-Forwarded-For", &list)]), proxied("10.1.1.1"));
    }
}
