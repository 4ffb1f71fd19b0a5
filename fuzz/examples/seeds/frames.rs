use portcullis_fuzz::frame::LINKS;
use sensor_user::capture::decode::{Frame, LinkType};

use crate::writer::Writer;

/// A capture's first frames, as the target `frame` reads them.
pub(crate) struct Frames {
    seed: Option<Vec<u8>>,
}

const MAX_LEN: usize = 4 << 10;
const LENGTH_BITS: usize = 0x7fff;
const IS_CUT: usize = 0x8000;

impl Frames {
    pub(crate) fn new(link: LinkType) -> Self {
        let number = LINKS.iter().position(|known| *known == link).and_then(|at| u8::try_from(at).ok());
        Self { seed: number.map(|number| vec![number]) }
    }

    pub(crate) fn add(&mut self, frame: &Frame<'_>) {
        let Some(seed) = self.seed.as_mut().filter(|seed| seed.len() < MAX_LEN) else { return };
        let bytes = frame.bytes.get(..MAX_LEN).unwrap_or(frame.bytes);
        let cut = if frame.wire_len > bytes.len() { IS_CUT } else { 0 };
        let length = u16::try_from(bytes.len() & LENGTH_BITS | cut).unwrap_or(0);
        seed.extend_from_slice(&length.to_be_bytes());
        seed.extend_from_slice(bytes);
    }

    pub(crate) fn write(self, writer: &Writer) -> anyhow::Result<()> {
        self.seed.map_or(Ok(()), |seed| writer.seed("frame", &seed))
    }
}
