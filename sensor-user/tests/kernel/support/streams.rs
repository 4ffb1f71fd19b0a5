use std::{
    collections::HashMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use sensor_user::{
    capture::{Polled, Source, ebpf::RingSource},
    segment::{LeftOut, Segment},
};

/// One segment as it came out of the ring, with a payload of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) vni: Option<u32>,
    pub(crate) sequence: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) wire_len: u32,
}

/// Everything that is in the ring now.
pub(crate) fn drain(source: &mut RingSource) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut each = |segment: &Segment<'_>| {
        seen.push(Seen {
            source: segment.source,
            destination: segment.destination,
            vni: segment.vni,
            sequence: segment.sequence,
            flags: segment.flags.0,
            payload: segment.payload.to_vec(),
            wire_len: segment.wire_len,
        });
    };
    while source.poll(&mut each).unwrap() != Polled::Idle {}
    seen
}

/// Collects until `enough` says so, or for five seconds.
pub(crate) fn collect(source: &mut RingSource, enough: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
    let end = Instant::now() + Duration::from_secs(5);
    let mut seen = Vec::new();
    while !enough(&seen) && Instant::now() < end {
        seen.extend(drain(source));
    }
    seen
}

/// The bytes of each direction, put together by sequence number from where its SYN says it begins. Panics on a gap:
/// nothing may be missing.
pub(crate) fn streams(seen: &[Seen]) -> HashMap<(SocketAddr, SocketAddr), Vec<u8>> {
    const SYN: u8 = 0x02;
    let mut starts = HashMap::new();
    let mut streams: HashMap<_, Vec<u8>> = HashMap::new();
    let mut sorted: Vec<&Seen> = seen.iter().collect();
    for segment in seen.iter().filter(|segment| segment.flags & SYN != 0) {
        starts.insert((segment.source, segment.destination), segment.sequence.wrapping_add(1));
    }
    let offset = |segment: &Seen| {
        let start = starts.get(&(segment.source, segment.destination)).expect("a SYN ahead of the payload");
        segment.sequence.wrapping_sub(*start) as usize
    };
    sorted.retain(|segment| !segment.payload.is_empty());
    sorted.sort_by_key(|segment| offset(segment));
    for segment in sorted {
        let stream = streams.entry((segment.source, segment.destination)).or_default();
        let offset = offset(segment);
        assert!(offset <= stream.len(), "bytes {}..{offset} are missing", stream.len());
        let known = (stream.len() - offset).min(segment.payload.len());
        stream.extend(&segment.payload[known..]);
    }
    streams
}

/// The bytes sent to `destination`, whoever sent them.
pub(crate) fn sent_to(seen: &[Seen], destination: SocketAddr) -> Vec<u8> {
    let mut sent = streams(seen).into_iter().filter(|((_, to), _)| *to == destination);
    sent.next().map(|(_, bytes)| bytes).unwrap_or_default()
}

/// The bytes that came from `source`, whoever got them.
pub(crate) fn sent_from(seen: &[Seen], source: SocketAddr) -> Vec<u8> {
    let mut sent = streams(seen).into_iter().filter(|((from, _), _)| *from == source);
    sent.next().map(|(_, bytes)| bytes).unwrap_or_default()
}

/// What is said of everything that is in the ring now.
pub(crate) fn left_out(source: &mut RingSource) -> Vec<LeftOut> {
    let mut all = Vec::new();
    while source.poll(&mut |segment| all.push(segment.left_out)).unwrap() != Polled::Idle {}
    all
}
