use std::net::SocketAddr;

use crate::segment::Segment;

/// Sockets whose traffic is not looked at. By address and port alone: nothing that is said inside a connection can
/// bring it in here.
#[derive(Clone, Debug)]
pub(super) struct Excluded(Vec<SocketAddr>);

impl Excluded {
    pub(super) fn new(sockets: impl Iterator<Item = SocketAddr>) -> Self {
        Self(sockets.map(canonical).collect())
    }

    pub(super) fn covers(&self, segment: &Segment<'_>) -> bool {
        self.0
            .iter()
            .any(|socket| *socket == canonical(segment.source) || *socket == canonical(segment.destination))
    }
}

fn canonical(socket: SocketAddr) -> SocketAddr {
    SocketAddr::new(socket.ip().to_canonical(), socket.port())
}

#[cfg(test)]
mod tests {
    use portcullis_exchange::Timestamp;

    use super::*;
    use crate::segment::TcpFlags;

    #[test]
    fn both_directions_of_that_very_socket_are_covered() {
        let excluded = Excluded::new(["127.0.0.1:9090".parse().unwrap()].into_iter());
        let covers = |source: &str, destination: &str| {
            excluded.covers(&Segment {
                time: Timestamp::default(),
                source: source.parse().unwrap(),
                destination: destination.parse().unwrap(),
                vni: None,
                vlans: crate::segment::Vlans::NONE,
                left_out: crate::segment::LeftOut::NOTHING,
                sequence: 0,
                acknowledgement: 0,
                flags: TcpFlags::default(),
                payload: &[],
                wire_len: 0,
            })
        };
        assert!(covers("127.0.0.1:40000", "127.0.0.1:9090"));
        assert!(covers("[::ffff:127.0.0.1]:9090", "127.0.0.1:40000"));
        assert!(!covers("127.0.0.1:40000", "127.0.0.2:9090"));
        assert!(!covers("127.0.0.1:40000", "127.0.0.1:80"));
    }
}
