use std::{fmt, net::IpAddr, sync::Arc};

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
        let actor = Actor::of_packet(exchange.client.ip());
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
    /// Who it is wherever it comes from, where configuration says how to tell.
    pub identity: Option<Identity>,
}

impl Actor {
    /// The packet's own source.
    pub const fn of_packet(address: IpAddr) -> Self {
        Self { address, source: ActorSource::Packet, identity: None }
    }

    /// What events, windows and suppressions know it by: the identity, else the address.
    pub fn name(&self) -> String {
        self.identity.map_or_else(|| self.address.to_string(), |identity| identity.to_string())
    }
}

/// A keyed hash of what a request says of who sends it; never that itself. Shown as `id:` and hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity(pub [u8; 16]);

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("id:")?;
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Where the actor's address comes from, since it decides what can be blocked where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorSource {
    /// The packet's own source: dropping its packets stops it.
    Packet,
    /// A forwarded header of a configured trusted proxy: its packets carry the proxy's address.
    TrustedProxy,
}
