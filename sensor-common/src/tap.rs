//! The tap's ring buffers: one record per TCP segment, or several where the segment is larger than a record.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What stands before the payload in a ring-buffer record.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecordHeader {
    /// `CLOCK_BOOTTIME`, nanoseconds.
    pub time: u64,
    /// IPv4 in the first four bytes; `ip_version` says which it is, since IPv4-mapped IPv6 exists on the wire too.
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub sequence: u32,
    pub acknowledgement: u32,
    /// Of the tunnel, or [`NO_VNI`].
    pub vni: u32,
    /// Index of the interface.
    pub interface: u32,
    /// Payload bytes that follow in this record.
    pub payload_len: u32,
    /// Payload bytes that this record stands for; more than `payload_len` where the rest could not be copied.
    pub wire_len: u32,
    /// Host byte order.
    pub source_port: u16,
    pub destination_port: u16,
    /// As in the TCP header, RFC 9293 section 3.1.
    pub flags: u8,
    /// 4 or 6.
    pub ip_version: u8,
    /// [`TAIL_LEFT_OUT`], [`BODIES_UNWANTED`].
    pub left_out: u8,
    pub padding: u8,
}

/// In [`RecordHeader::left_out`]: what `payload_len` lacks of `wire_len` is of a body, past what is kept of it.
pub const TAIL_LEFT_OUT: u8 = 1;
/// In [`RecordHeader::left_out`]: a rule says that of this flow nobody looks at bodies.
pub const BODIES_UNWANTED: u8 = 2;

pub const HEADER_LEN: usize = size_of::<RecordHeader>();

/// VNIs have 24 bits, so this is none.
pub const NO_VNI: u32 = u32::MAX;

/// Ring buffers that the tap can be told to use, one per shard.
pub const MAX_SHARDS: usize = 64;

/// IANA's port for VXLAN, and the one that Linux used before it.
pub const VXLAN_PORTS: [u16; 2] = [4789, 8472];

impl RecordHeader {
    /// Header and payload of one record; `None` where the record is not as the tap writes it.
    pub fn split(record: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = record.split_first_chunk::<HEADER_LEN>()?;
        // SAFETY: the array has the size of the type, every bit pattern is a valid value, and the read takes any
        // alignment.
        let header: Self = unsafe { header.as_ptr().cast::<Self>().read_unaligned() };
        let payload = rest.get(..usize::try_from(header.payload_len).ok()?)?;
        Some((header, payload))
    }

    pub fn source(&self) -> SocketAddr {
        SocketAddr::new(self.address(&self.source), self.source_port)
    }

    pub fn destination(&self) -> SocketAddr {
        SocketAddr::new(self.address(&self.destination), self.destination_port)
    }

    fn address(&self, bytes: &[u8; 16]) -> IpAddr {
        if self.ip_version == 4 {
            let [a, b, c, d, ..] = *bytes;
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        } else {
            IpAddr::V6(Ipv6Addr::from(*bytes))
        }
    }
}

/// How much of a flow is looked at. Where rules contradict each other, the smallest number wins.
pub const MODE_FULL: u8 = 0;
/// Heads, and of bodies no more than their length.
pub const MODE_HEADERS: u8 = 1;
pub const MODE_OFF: u8 = 2;
/// No rule says.
pub const MODE_NONE: u8 = 255;

/// Value of the rule tries: what holds for the prefix as a whole. It stands for all shorter prefixes too, because a
/// lookup finds the longest alone.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetRule {
    /// Where rules for single ports are: the first half of their [`PortKey`]. 0 where there are none.
    pub ports: u32,
    /// Of rules for all ports: `MODE_…`.
    pub mode: u8,
    /// Length of the prefix that the rule was made for.
    pub prefix_len: u8,
    pub padding: [u8; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PortKey {
    pub ports: u32,
    /// The server's.
    pub port: u16,
    pub padding: [u8; 2],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PortRule {
    pub mode: u8,
    pub prefix_len: u8,
    pub padding: [u8; 2],
}

/// Entries of each of the rule maps.
pub const MAX_RULE_ENTRIES: usize = 4096;

/// What the agent tells the tap of a flow, behind an Ethernet header of zeros.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Advice {
    /// Of a segment of the flow: its sender's and its receiver's, laid out as in [`RecordHeader`].
    pub source: [u8; 16],
    pub destination: [u8; 16],
    pub vni: u32,
    /// The sender's bytes from this sequence number on need not be copied.
    pub sequence: u32,
    /// So many of them. 0: the whole flow need not be, it is not HTTP.
    pub len: u32,
    pub source_port: u16,
    pub destination_port: u16,
}

pub const ADVICE_LEN: usize = size_of::<Advice>();

/// The most that can be left out in one go: sequence numbers tell before from behind only within 2 GiB.
pub const MOST_LEFT_OUT: u32 = 1 << 30;

#[cfg(feature = "user")]
// SAFETY: `repr(C)`, only integers, no padding (asserted below).
unsafe impl aya::Pod for NetRule {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for PortKey {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for PortRule {}

/// Index into the tap's per-processor counters.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Frames that the tap looked at.
    Frames,
    /// TCP segments among them, inside tunnels too.
    Segments,
    /// Records written.
    Records,
    /// Payload bytes in them.
    CopiedBytes,
    /// Segments with payload of flows that are not HTTP, left alone.
    SkippedSegments,
    SkippedBytes,
    /// Segments of HTTP flows that were not copied, or not as a whole, because nobody keeps so much of a body.
    LeftOutSegments,
    LeftOutBytes,
    /// All segments with payload, each interface's.
    PayloadSegments,
    /// Those of flows that a rule says not to look at.
    OffSegments,
    OffBytes,
    /// Flows that the agent found to be none of HTTP.
    GivenUpFlows,
    /// Segments already seen on another interface.
    DuplicateSegments,
    /// Records lost because the ring buffer was full.
    RingFull,
    RingFullBytes,
    /// Flows that were taken up: their messages are copied.
    Flows,
    /// Flows that began like HTTP while their ring was short of room, and were left alone as a whole.
    ShedFlows,
    /// What such flows carried.
    ShedSegments,
    ShedBytes,
    /// Times that a flow lost a record and was interrupted, so that its loss is one gap and not many.
    InterruptedFlows,
    /// What flows carried while they were interrupted, besides the lost record.
    InterruptedSegments,
    InterruptedBytes,
    /// Payload bytes beyond what one segment may take.
    OversizeBytes,
    /// The packet's bytes could not be read.
    Unreadable,
    /// IP fragments: a part of a segment has no ports to go by.
    Fragments,
    /// Headers cut short, contradicting themselves, or more of them than are followed.
    Malformed,
    /// No room for the flow.
    FlowTableFull,
    /// Connections put into the flow table.
    Connections,
    /// Those among them whose opening was not seen: older than the tap, or thrown out of the full table while they
    /// lived.
    MidstreamConnections,
}

/// Names for operators, in the order of [`Counter`].
pub const COUNTERS: [&str; 29] = [
    "tap_frames_total",
    "tap_segments_total",
    "tap_records_total",
    "tap_copied_bytes_total",
    "tap_skipped_segments_total",
    "tap_skipped_bytes_total",
    "tap_left_out_segments_total",
    "tap_left_out_bytes_total",
    "tap_payload_segments_total",
    "tap_off_segments_total",
    "tap_off_bytes_total",
    "tap_given_up_flows_total",
    "tap_duplicate_segments_total",
    "tap_ring_full_total",
    "tap_ring_full_bytes_total",
    "tap_flows_total",
    "tap_shed_flows_total",
    "tap_shed_segments_total",
    "tap_shed_bytes_total",
    "tap_interrupted_flows_total",
    "tap_interrupted_segments_total",
    "tap_interrupted_bytes_total",
    "tap_oversize_bytes_total",
    "tap_unreadable_total",
    "tap_fragments_total",
    "tap_malformed_total",
    "tap_flow_table_full_total",
    "tap_connections_total",
    "tap_midstream_connections_total",
];

const _: () = assert!(size_of::<RecordHeader>() == 8 + 2 * 16 + 6 * 4 + 2 * 2 + 2 + 2);
const _: () = assert!(size_of::<Advice>() == 2 * 16 + 3 * 4 + 2 * 2);
const _: () = assert!(size_of::<NetRule>() == 8 && size_of::<PortKey>() == 8 && size_of::<PortRule>() == 4);
const _: () = assert!(Counter::MidstreamConnections as usize + 1 == COUNTERS.len());

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(header: &RecordHeader) -> [u8; HEADER_LEN] {
        // SAFETY: `repr(C)` of integers without hidden padding (asserted above), read as bytes of the same size.
        unsafe { core::mem::transmute_copy(header) }
    }

    #[test]
    fn a_record_splits_into_header_and_payload() {
        let header = RecordHeader { payload_len: 3, wire_len: 3, sequence: 7, ..RecordHeader::default() };
        let mut record = [0u8; HEADER_LEN + 8];
        record[..HEADER_LEN].copy_from_slice(&bytes_of(&header));
        record[HEADER_LEN..HEADER_LEN + 3].copy_from_slice(b"GET");
        assert_eq!(RecordHeader::split(&record), Some((header, b"GET".as_slice())));
    }

    #[test]
    fn a_record_that_promises_more_than_it_holds_is_refused() {
        let header = RecordHeader { payload_len: 4, ..RecordHeader::default() };
        let mut record = [0u8; HEADER_LEN + 3];
        record[..HEADER_LEN].copy_from_slice(&bytes_of(&header));
        assert_eq!(RecordHeader::split(&record), None);
        assert_eq!(RecordHeader::split(&record[..HEADER_LEN - 1]), None);
    }

    #[test]
    fn an_ipv4_mapped_ipv6_address_stays_ipv6() {
        let mapped = Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped();
        let header = RecordHeader {
            source: mapped.octets(),
            source_port: 80,
            ip_version: 6,
            ..RecordHeader::default()
        };
        assert_eq!(header.source(), SocketAddr::new(IpAddr::V6(mapped), 80));
    }
}
