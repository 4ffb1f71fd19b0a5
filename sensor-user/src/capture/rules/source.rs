use std::{net::SocketAddr, sync::Arc};

use arc_swap::ArcSwap;
use hashlink::LruCache;

use super::{Mode, Rules};
use crate::{
    capture::{CaptureError, Polled, Source},
    counters::Counters,
    flow::Advice,
    segment::{LeftOut, Segment},
};

/// A source whose packets come whether a rule wants them or not: keeps to the rules in user space.
pub struct RuledSource<S> {
    source: S,
    ruler: Ruler,
}

struct Ruler {
    rules: Arc<ArcSwap<Rules>>,
    /// Which end of a connection sent the SYN.
    clients: LruCache<Ends, Opened>,
    payload_segments: u64,
    off_segments: u64,
    off_bytes: u64,
}

/// In order, and the network that they are in.
type Ends = (SocketAddr, SocketAddr, Option<u32>);

#[derive(Clone, Copy, Default)]
struct Opened {
    by_lower: bool,
    by_higher: bool,
}

/// As many as the tap's flow table has.
const CONNECTIONS: usize = 65_536;

impl<S: Source> RuledSource<S> {
    pub fn new(source: S, rules: Arc<ArcSwap<Rules>>) -> Self {
        let clients = LruCache::new(CONNECTIONS);
        Self { source, ruler: Ruler { rules, clients, payload_segments: 0, off_segments: 0, off_bytes: 0 } }
    }
}

impl<S: Source> Source for RuledSource<S> {
    fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
        let rules = self.ruler.rules.load_full();
        let ruler = &mut self.ruler;
        self.source.poll(&mut |segment| match ruler.mode(&rules, segment) {
            Mode::Full => each(segment),
            Mode::Headers => {
                each(&Segment { left_out: LeftOut { bodies: true, ..segment.left_out }, ..*segment });
            }
            Mode::Off => {}
        })
    }

    fn heed(&mut self, advice: &Advice) {
        self.source.heed(advice);
    }

    fn lost(&mut self) -> u64 {
        self.source.lost()
    }

    fn counters(&mut self) -> Counters {
        let mut counters = self.source.counters();
        counters.add("capture_payload_segments_total", self.ruler.payload_segments);
        counters.add("capture_off_segments_total", self.ruler.off_segments);
        counters.add("capture_off_bytes_total", self.ruler.off_bytes);
        counters
    }
}

impl Ruler {
    fn mode(&mut self, rules: &Rules, segment: &Segment<'_>) -> Mode {
        let carries = segment.wire_len > 0;
        self.payload_segments += u64::from(carries);
        let server_port = self.server_port(segment);
        if rules.is_empty() {
            return Mode::Full;
        }
        let mode = rules.mode([segment.source.ip(), segment.destination.ip()], server_port);
        if mode == Mode::Off && carries {
            self.off_segments += 1;
            self.off_bytes += u64::from(segment.wire_len);
        }
        mode
    }

    /// The port of the end that was connected to, where the SYN was seen; one that both claim to have sent tells nothing.
    fn server_port(&mut self, segment: &Segment<'_>) -> Option<u16> {
        let is_lower = segment.source <= segment.destination;
        let (lower, higher) = if is_lower {
            (segment.source, segment.destination)
        } else {
            (segment.destination, segment.source)
        };
        let ends = (lower, higher, segment.vni);
        if segment.flags.syn() {
            let mut opened = self.clients.get(&ends).copied().unwrap_or_default();
            let opens = !segment.flags.ack();
            if is_lower {
                opened.by_lower = opens;
            } else {
                opened.by_higher = opens;
            }
            self.clients.insert(ends, opened);
        }
        match self.clients.get(&ends)? {
            Opened { by_lower: true, by_higher: false } => Some(higher.port()),
            Opened { by_lower: false, by_higher: true } => Some(lower.port()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_exchange::Timestamp;

    use super::{
        super::{Rule, tests::rule},
        *,
    };
    use crate::segment::{TcpFlags, Vlans};

    const SERVER: &str = "192.0.2.1:80";

    fn modes(rules: Vec<Rule>, sent: &[(&str, &str, u8)]) -> Vec<Mode> {
        let rules = Rules::new(rules).unwrap();
        let mut ruler = Ruler {
            rules: Arc::default(),
            clients: LruCache::new(8),
            payload_segments: 0,
            off_segments: 0,
            off_bytes: 0,
        };
        let mut mode = |source: &str, destination: &str, flags: u8| {
            ruler.mode(
                &rules,
                &Segment {
                    time: Timestamp::default(),
                    source: source.parse().unwrap(),
                    destination: destination.parse().unwrap(),
                    vni: None,
                    vlans: Vlans::NONE,
                    left_out: LeftOut::NOTHING,
                    sequence: 1,
                    acknowledgement: 1,
                    flags: TcpFlags(flags),
                    payload: b"x",
                    wire_len: 1,
                },
            )
        };
        sent.iter().map(|(source, destination, flags)| mode(source, destination, *flags)).collect()
    }

    #[test]
    fn a_client_cannot_hide_behind_a_port_of_its_own() {
        const CLIENT: &str = "203.0.113.7:9100";
        let sent = [
            (CLIENT, SERVER, TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::SYN | TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::SYN),
            (SERVER, CLIENT, TcpFlags::SYN | TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::SYN | TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::ACK),
        ];
        assert_eq!(modes(vec![rule("", 9100, Mode::Off)], &sent), [Mode::Full; 7]);
    }

    #[test]
    fn a_rule_for_the_servers_port_holds_from_the_syn_on_in_both_directions() {
        const CLIENT: &str = "203.0.113.7:40000";
        let sent = [
            (CLIENT, SERVER, TcpFlags::SYN),
            (SERVER, CLIENT, TcpFlags::SYN | TcpFlags::ACK),
            (CLIENT, SERVER, TcpFlags::ACK),
        ];
        assert_eq!(modes(vec![rule("", 80, Mode::Off)], &sent), [Mode::Off; 3]);
    }
}
