use std::{thread, time::Duration};

use aya::{
    Ebpf,
    maps::{ArrayOfMaps, Map, MapData, RingBuf},
};
use aya_obj::generated::bpf_map_type::BPF_MAP_TYPE_RINGBUF;
use portcullis_sensor_common::tap::{BODIES_UNWANTED, NO_VNI, RecordHeader, TAIL_LEFT_OUT};

use super::{advice::Adviser, failed};
use crate::{
    capture::{CaptureError, Polled, Source},
    counters::Counters,
    flow::Advice,
    kernel::{
        Lack,
        clock::{BootTime, Epoch},
        explain,
    },
    segment::{LeftOut, Segment, TcpFlags, Vlans},
};

/// At least three of the largest records, and the page size of every architecture divides it.
const SMALLEST_RING: u32 = 256 << 10;

/// The kernel does not wake the reader; so long a record may lie there.
const POLL_EVERY: Duration = Duration::from_millis(1);
/// The same once nothing has come for a while: an idle node is not to be woken a thousand times a second.
const POLL_IDLE: Duration = Duration::from_millis(4);
/// Polls in vain, one after the other, from which on it counts as idle.
const IDLE_POLLS: u32 = 100;

/// Handed over in one go, so that the caller gets to its timers under load too.
const BATCH: usize = 1024;

/// Reads one shard's ring buffer. Payloads are slices of the ring itself.
pub struct RingSource {
    ring: RingBuf<MapData>,
    adviser: Adviser,
    idle_polls: u32,
    segments: u64,
    payload_bytes: u64,
    malformed: u64,
}

pub(super) fn create(
    ebpf: &mut Ebpf,
    adviser: &Adviser,
    shards: u32,
    bytes: u32,
) -> Result<Vec<RingSource>, CaptureError> {
    let refused =
        |what: String| failed("eBPF tap", Lack::new(what, "choose smaller ring buffers or fewer shards"));
    let bytes = bytes.max(SMALLEST_RING).checked_next_power_of_two().unwrap_or(1 << 31);
    let rings = ebpf.map_mut("RINGS").ok_or_else(|| refused("the object has no ring buffers".to_owned()))?;
    let mut rings: ArrayOfMaps<_, MapData> = rings.try_into().map_err(|error| refused(explain(&error)))?;
    (0..shards)
        .map(|shard| {
            let definition = aya_obj::Map::new_from_params(BPF_MAP_TYPE_RINGBUF as u32, 0, 0, bytes, 0);
            let map = MapData::create(definition, "portcullis_ring", None)?;
            rings.set(shard, &map, 0)?;
            let ring = RingBuf::try_from(Map::RingBuf(map))?;
            Ok(RingSource {
                ring,
                adviser: adviser.for_source(),
                idle_polls: 0,
                segments: 0,
                payload_bytes: 0,
                malformed: 0,
            })
        })
        .collect::<Result<_, aya::maps::MapError>>()
        .map_err(|error| refused(format!("a ring buffer of {bytes} bytes: {}", explain(&error))))
}

impl Source for RingSource {
    fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
        let read = self.read(each);
        if read > 0 {
            return Ok(Polled::Segments(read));
        }
        thread::sleep(if self.idle_polls < IDLE_POLLS { POLL_EVERY } else { POLL_IDLE });
        Ok(match self.read(each) {
            0 => {
                self.idle_polls = self.idle_polls.saturating_add(1);
                Polled::Idle
            }
            read => {
                self.idle_polls = 0;
                Polled::Segments(read)
            }
        })
    }

    fn heed(&mut self, advice: &Advice) {
        self.adviser.tell(advice);
    }

    fn counters(&mut self) -> Counters {
        [
            ("capture_segments_total", self.segments),
            ("capture_payload_bytes_total", self.payload_bytes),
            ("capture_malformed_records_total", self.malformed),
            ("capture_advice_total", self.adviser.told()),
            ("capture_advice_unheard_total", self.adviser.failed()),
        ]
        .into_iter()
        .collect()
    }
}

impl RingSource {
    fn read(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> usize {
        let mut epoch = None;
        let mut read = 0;
        while read < BATCH {
            let Some(record) = self.ring.next() else { break };
            read += 1;
            let Some((header, payload)) = RecordHeader::split(&record) else {
                self.malformed += 1;
                continue;
            };
            let epoch = *epoch.get_or_insert_with(Epoch::measure);
            self.segments += 1;
            self.payload_bytes += u64::from(header.payload_len);
            each(&Segment {
                time: epoch.timestamp(BootTime(header.time)),
                source: header.source(),
                destination: header.destination(),
                vni: (header.vni != NO_VNI).then_some(header.vni),
                // The tap sees one packet with its tag on a device and without it on the VLAN's device above.
                vlans: Vlans::NONE,
                left_out: LeftOut {
                    tail: header.left_out & TAIL_LEFT_OUT != 0,
                    bodies: header.left_out & BODIES_UNWANTED != 0,
                },
                sequence: header.sequence,
                acknowledgement: header.acknowledgement,
                flags: TcpFlags(header.flags),
                payload,
                wire_len: header.wire_len,
            });
        }
        read
    }
}
