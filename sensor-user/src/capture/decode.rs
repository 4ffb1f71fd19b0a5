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
    ip::{Datagram, Upper, Version, protocol},
    link::{Layer, Network},
};
use crate::{
    counters::Counters,
    segment::{Segment, Vlans},
};

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
    vlans: Vlans,
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
            vlans: Vlans::NONE,
            cut: frame.wire_len.saturating_sub(frame.bytes.len()),
            layers_left: MAX_LAYERS,
        };
        self.layer(Layer::Link(frame.link), frame.bytes, position, each);
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
            ("capture_fragments_duplicate_total", self.fragments.duplicate),
            ("capture_fragments_overlapping_total", self.fragments.overlapping),
            ("capture_fragments_late_dropped_total", self.fragments.expired),
            ("capture_fragments_evicted_total", self.fragments.evicted),
            ("capture_fragments_dropped_total", self.fragments.dropped),
            ("capture_held_bytes", self.fragments.held as u64),
        ])
    }

    fn layer(
        &mut self,
        layer: Layer,
        bytes: &[u8],
        mut position: Position,
        each: &mut dyn FnMut(&Segment<'_>),
    ) {
        match link::network(layer, bytes, &mut position.vlans) {
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
        let Some(fragment) = datagram.fragment else {
            return self.transport(&datagram, position, each);
        };
        let Some(whole) = self.fragments.add(&datagram, fragment, position) else { return };
        let version = if datagram.source.is_ipv6() { Version::V6 } else { Version::V4 };
        match ip::upper(version, whole.protocol, &whole.payload) {
            // A fragment of fragments is nothing that a receiver takes.
            None | Some(Upper { fragment: Some(_), .. }) => self.malformed += 1,
            Some(Upper { protocol, payload, .. }) => {
                self.transport(&Datagram { protocol, payload, ..datagram }, position, each);
            }
        }
    }

    fn transport(&mut self, datagram: &Datagram<'_>, position: Position, each: &mut dyn FnMut(&Segment<'_>)) {
        let inner = match datagram.protocol {
            protocol::TCP => return self.tcp(datagram, position, each),
            protocol::UDP => tunnel::in_udp(datagram.payload),
            protocol::GRE => tunnel::in_gre(datagram.payload),
            protocol::IPV4 | protocol::IPV6 => Some(tunnel::in_ip(datagram.payload)),
            _ => None,
        };
        let Some(inner) = inner else {
            self.other += 1;
            return;
        };
        // What tags the underlay says nothing of the network that a VNI names.
        let (vni, vlans) = match inner.vni {
            Some(vni) => (Some(vni), Vlans::NONE),
            None => (position.vni, position.vlans),
        };
        self.layer(inner.layer, inner.bytes, Position { vni, vlans, ..position }, each);
    }

    fn tcp(&mut self, datagram: &Datagram<'_>, position: Position, each: &mut dyn FnMut(&Segment<'_>)) {
        let Some(header) = tcp::header(datagram.payload) else {
            self.malformed += 1;
            return;
        };
        self.segments += 1;
        each(&Segment {
            time: position.time,
            source: SocketAddr::new(datagram.source, header.source_port),
            destination: SocketAddr::new(datagram.destination, header.destination_port),
            vni: position.vni,
            vlans: position.vlans,
            left_out: crate::segment::LeftOut::NOTHING,
            sequence: header.sequence,
            acknowledgement: header.acknowledgement,
            flags: header.flags,
            payload: header.payload,
            wire_len: u32::try_from(header.payload.len() + position.cut).unwrap_or(u32::MAX),
        });
    }
}
