use std::net::SocketAddr;

/// One end of a connection. Which of them is the client is for the reader to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end whose address and port sort first.
    Low,
    High,
}

impl Side {
    pub const BOTH: [Self; 2] = [Self::Low, Self::High];

    pub const fn other(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}

/// Who talks to whom, as far as the packets have said.
#[derive(Clone, Copy, Debug)]
pub struct Peers {
    pub low: SocketAddr,
    pub high: SocketAddr,
    pub vni: Option<u32>,
    /// The side that sent the SYN; `None` where capture began later.
    pub initiator: Option<Side>,
    /// False where a capture rule says that nobody looks at bodies.
    pub keeps_bodies: bool,
    low_seen: bool,
    high_seen: bool,
}

impl Peers {
    pub(super) fn new(low: SocketAddr, high: SocketAddr, vni: Option<u32>) -> Self {
        Self { low, high, vni, initiator: None, keeps_bodies: true, low_seen: false, high_seen: false }
    }

    pub fn address(&self, side: Side) -> SocketAddr {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }

    /// Whether any packet of this side was captured.
    pub fn is_seen(&self, side: Side) -> bool {
        match side {
            Side::Low => self.low_seen,
            Side::High => self.high_seen,
        }
    }

    pub(super) fn see(&mut self, side: Side) {
        match side {
            Side::Low => self.low_seen = true,
            Side::High => self.high_seen = true,
        }
    }
}
