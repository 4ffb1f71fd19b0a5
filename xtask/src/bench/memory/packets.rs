use std::io::Write;

use anyhow::Context as _;

/// Writes a capture packet by packet: raw IPv4 (LINKTYPE_RAW), a microsecond apart.
pub(super) struct Packets<W> {
    out: W,
    micros: u64,
    written: u64,
}

/// One segment; sequence numbers count from 0 for each side.
#[derive(Clone, Copy)]
pub(super) struct Segment<'a> {
    /// Which of the clients, all of one server.
    pub(super) client: u32,
    pub(super) is_client: bool,
    pub(super) sequence: u32,
    pub(super) acknowledgement: u32,
    pub(super) flags: u8,
    pub(super) payload: &'a [u8],
}

pub(super) const SYN: u8 = 0x02;
pub(super) const ACK: u8 = 0x10;
const LINKTYPE_RAW: u32 = 101;
const HEADERS: usize = 40;
const SERVER: [u8; 4] = [192, 0, 2, 1];
const START_SECONDS: u64 = 1_700_000_000;

impl<W: Write> Packets<W> {
    pub(super) fn new(mut out: W) -> anyhow::Result<Self> {
        let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
        header.extend([2_u16, 4].iter().flat_map(|part| part.to_le_bytes()));
        header.extend([0, 0, 262_144, LINKTYPE_RAW].iter().flat_map(|field: &u32| field.to_le_bytes()));
        out.write_all(&header).context("the sensor stopped reading")?;
        Ok(Self { out, micros: 0, written: header.len() as u64 })
    }

    pub(super) fn send(&mut self, segment: Segment<'_>) -> anyhow::Result<()> {
        let Segment { client, is_client, sequence, acknowledgement, flags, payload } = segment;
        self.micros += 1;
        let len = HEADERS + payload.len();
        let seconds = START_SECONDS + self.micros / 1_000_000;
        let mut frame = Vec::with_capacity(16 + len);
        for field in [u32::try_from(seconds)?, u32::try_from(self.micros % 1_000_000)?] {
            frame.extend(field.to_le_bytes());
        }
        frame.extend(u32::try_from(len)?.to_le_bytes().repeat(2));
        let [_, high, middle, low] = client.to_be_bytes();
        let client = ([10, high, middle, low], 40_000_u16);
        let (from, to) = if is_client { (client, (SERVER, 80)) } else { ((SERVER, 80), client) };
        frame.extend([0x45, 0]);
        frame.extend(u16::try_from(len)?.to_be_bytes());
        frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
        frame.extend(from.0);
        frame.extend(to.0);
        frame.extend(from.1.to_be_bytes());
        frame.extend(to.1.to_be_bytes());
        frame.extend(sequence.to_be_bytes());
        frame.extend(acknowledgement.to_be_bytes());
        frame.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        frame.extend(payload);
        self.written += frame.len() as u64;
        self.out.write_all(&frame).context("the sensor stopped reading")
    }

    /// Bytes of the capture.
    pub(super) fn finish(mut self) -> anyhow::Result<u64> {
        self.out.flush().context("the sensor stopped reading")?;
        Ok(self.written)
    }
}
