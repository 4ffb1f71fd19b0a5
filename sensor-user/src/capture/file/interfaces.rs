use pcap_parser::InterfaceDescriptionBlock;
use portcullis_exchange::Timestamp;

use crate::capture::decode::LinkType;

/// The interfaces a section of the file declares, by number.
#[derive(Default)]
pub(super) struct Interfaces(Vec<Interface>);

/// Declaring more than this is an attack on our memory.
const MAX_INTERFACES: usize = 4096;

#[derive(Clone, Copy)]
pub(super) struct Interface {
    pub(super) link: LinkType,
    snap_len: u32,
    /// Clock ticks per second.
    resolution: u64,
    /// Seconds to add to every time.
    offset: i64,
}

impl Interfaces {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn get(&self, number: u32) -> Option<Interface> {
        self.0.get(number as usize).copied()
    }

    /// Unlimited where the interface says so by 0, or is not there.
    pub(super) fn snap_len(&self, number: u32) -> u32 {
        self.get(number).map(|interface| interface.snap_len).filter(|len| *len > 0).unwrap_or(u32::MAX)
    }

    pub(super) fn add(&mut self, description: &InterfaceDescriptionBlock<'_>) {
        if self.0.len() < MAX_INTERFACES {
            self.0.push(Interface {
                link: LinkType(description.linktype.0),
                snap_len: description.snaplen,
                resolution: ticks_per_second(description.if_tsresol),
                offset: description.ts_offset(),
            });
        }
    }

    pub(super) fn push_legacy(&mut self, link: LinkType, nanoseconds: bool) {
        let resolution = if nanoseconds { 1_000_000_000 } else { 1_000_000 };
        self.0.push(Interface { link, snap_len: 0, resolution, offset: 0 });
    }
}

/// The option `if_tsresol`: a negative power of 10, or of 2 where the highest bit is set. One that no clock has counts
/// as microseconds, the usual.
fn ticks_per_second(option: u8) -> u64 {
    const IS_BINARY: u8 = 0x80;
    let exponent = u32::from(option & !IS_BINARY);
    let base: u64 = if option & IS_BINARY == 0 { 10 } else { 2 };
    base.checked_pow(exponent).unwrap_or(1_000_000)
}

const NANOS: u128 = 1_000_000_000;

impl Interface {
    /// The time of a pcapng packet, in ticks since the epoch.
    pub(super) fn time(&self, high: u32, low: u32) -> Timestamp {
        let ticks = u64::from(high) << 32 | u64::from(low);
        let nanos = u128::from(ticks) * NANOS / u128::from(self.resolution);
        let nanos = i128::try_from(nanos).unwrap_or(i128::MAX);
        let shifted = nanos.saturating_add(i128::from(self.offset) * NANOS as i128);
        Timestamp::from_nanos(u64::try_from(shifted.max(0)).unwrap_or(u64::MAX))
    }

    /// The time of a pcap packet: seconds and a fraction.
    pub(super) fn legacy_time(&self, seconds: u32, fraction: u32) -> Timestamp {
        let fraction = u128::from(fraction) * NANOS / u128::from(self.resolution);
        let nanos = u128::from(seconds) * NANOS + fraction;
        Timestamp::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
