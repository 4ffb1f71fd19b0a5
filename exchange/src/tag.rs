use std::{net::IpAddr, sync::Arc};

use crate::Exchange;

/// An exchange that knows where it was seen and who is behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaggedExchange {
    pub exchange: Exchange,
    pub actor: Actor,
    pub tags: Arc<Tags>,
}

impl TaggedExchange {
    /// With nothing configured: the packet's source is the actor.
    pub fn untagged(exchange: Exchange) -> Self {
        let actor = Actor { address: exchange.client.ip(), source: ActorSource::Packet };
        Self { exchange, actor, tags: Arc::new(Tags::default()) }
    }
}

/// What configuration and capture say of the place. The VNI stays on the exchange, as it came with the packets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags {
    pub account_id: String,
    pub collection_id: i64,
    pub node: String,
    pub interface: String,
}

/// Who is behind an exchange. Ports are no part of it: one attacker has thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    pub address: IpAddr,
    pub source: ActorSource,
}

/// Where the actor's address comes from, since it decides what can be blocked where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorSource {
    /// The packet's own source: dropping its packets stops it.
    Packet,
    /// A forwarded header of a configured trusted proxy: its packets carry the proxy's address.
    TrustedProxy,
}
