//! From a captured frame to its TCP segment: link layer, tags, tunnels, IP, fragments.
//!
//! Every length here comes from an attacker: headers are read with checked access, nesting is bounded, and what cannot
//! be read is counted and passed over.

mod bytes;
mod fragments;
mod ip;
mod link;
mod tcp;
mod tunnel;

use std::net::SocketAddr;

pub use link::LinkType;
use portcullis_exchange::Timestamp;

use self::{
    fragments::Fragments,
    ip::{Datagram, protocol},
    link::Network,
    tunnel::Inner,
};
use crate::{counters::Counters, segment::Segment};

/// A frame as the capture gave it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub time: Timestamp,
    pub link: LinkType,
    pub bytes: &'a [u8],
    /// Length on the wire: more than `bytes` holds where the snap length cut it.
    pub wire_len: usize,
}

/// Decodes the frames of one capture. Holds the IP fragments that wait for others, nothing else.
#[derive(Default)]
pub struct Decoder {
    fragments: Fragments,
    frames: u64,
    segments: u64,
    malformed: u64,
    other: u64,
    too_deep: u64,
}

/// How many headers may be taken off one frame until its TCP header: each tunnel takes two or three.
const MAX_LAYERS: u8 = 24;

/// Where in the nesting we are.
#[derive(Clone, Copy)]
struct Position {
    time: Timestamp,
    vni: Option<u32>,
    /// Bytes that the snap length cut off the frame's end.
    cut: usize,
    layers_left: u8,
}

impl Decoder {
    /// Hands over the frame's TCP segment, if it holds one.
    pub fn frame(&mut self, frame: Frame<'_>, each: &mut dyn FnMut(&Segment<'_>)) {
        self.frames += 1;
        let position = Position {
            time: frame.time,
            vni: None,
            cut: frame.wire_len.saturating_sub(frame.bytes.len()),
            layers_left: MAX_LAYERS,
        };
        self.link(frame.link, frame.bytes, position, each);
    }

    pub fn counters(&self) -> Counters {
        Counters::from_iter([
            ("capture_frames_total", self.frames),
            ("capture_segments_total", self.segments),
            ("capture_malformed_total", self.malformed),
            ("capture_not_tcp_total", self.other),
            ("capture_too_deep_total", self.too_deep),
            ("capture_fragments_total", self.fragments.received),
            ("capture_fragments_reassembled_total", self.fragments.reassembled),
            ("capture_fragments_dropped_total", self.fragments.dropped),
        ])
    }

    fn link(&mut self, link: LinkType, bytes: &[u8], position: Position, each: &mut dyn FnMut(&Segment<'_>)) {
        match link::network(link, bytes) {
            Network::Ip(bytes) => self.ip(bytes, position, each),
            Network::Other => self.other += 1,
            Network::Malformed => self.malformed += 1,
        }
    }

    fn ip(&mut self, bytes: &[u8], mut position: Position, each: &mut dyn FnMut(&Segment<'_>)) {
        let Some(left) = position.layers_left.checked_sub(1) else {
            self.too_deep += 1;
            return;
        };
        position.layers_left = left;
        let Some(datagram) = ip::datagram(bytes, position.cut) else {
            self.malformed += 1;
            return;
        };
        position.cut = datagram.cut;
        match datagram.fragment {
            None => self.transport(&datagram, datagram.payload, position, each),
            Some(fragment) => {
                let whole = self.fragments.add(&datagram, fragment, position.vni, position.time);
                if let Some(whole) = whole {
                    self.transport(&datagram, &whole, position, each);
                }
            }
        }
    }

    fn transport(
        &mut self,
        datagram: &Datagram<'_>,
        payload: &[u8],
        position: Position,
        each: &mut dyn FnMut(&Segment<'_>),
    ) {
        let inner = match datagram.protocol {
            protocol::TCP => return self.tcp(datagram, payload, position, each),
            protocol::UDP => tunnel::in_udp(payload),
            protocol::GRE => tunnel::in_gre(payload),
            protocol::IPV4 | protocol::IPV6 => Some(Inner { link: LinkType::RAW, vni: None, bytes: payload }),
            _ => None,
        };
        match inner {
            Some(inner) => {
                let vni = inner.vni.or(position.vni);
                self.link(inner.link, inner.bytes, Position { vni, ..position }, each);
            }
            None => self.other += 1,
        }
    }

    fn tcp(
        &mut self,
        datagram: &Datagram<'_>,
        bytes: &[u8],
        position: Position,
        each: &mut dyn FnMut(&Segment<'_>),
    ) {
        let Some(header) = tcp::header(bytes) else {
            self.malformed += 1;
            return;
        };
        self.segments += 1;
        each(&Segment {
            time: position.time,
            source: SocketAddr::new(datagram.source, header.source_port),
            destination: SocketAddr::new(datagram.destination, header.destination_port),
            vni: position.vni,
            sequence: header.sequence,
            acknowledgement: header.acknowledgement,
            flags: header.flags,
            payload: header.payload,
            wire_len: u32::try_from(header.payload.len() + position.cut).unwrap_or(u32::MAX),
        });
    }
}
