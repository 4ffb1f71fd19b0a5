//! A capture of mixed traffic from a seed: many interleaved connections, most of them a JSON API's.

use std::{
    io::{BufWriter, Write as _},
    path::Path,
};

use fastrand::Rng;

use super::{bodies::Bodies, conversation::Conversation, message::Profile};

/// Connections that are open at the same time.
const OPEN: usize = 2000;
/// Changes whenever the same seed gives another capture, so that none of an older kind is measured.
pub(super) const KIND: u32 = 2;
const SNAP_LENGTH: u32 = 65_535;
const LINKTYPE_ETHERNET: u32 = 1;
const START_SECONDS: u64 = 1_700_000_000;

/// Writes at least `bytes` of capture, and what ends the connections that are open by then. Gives the number of HTTP
/// transactions in it.
pub(super) fn write(path: &Path, bytes: u64, seed: u64, profile: Profile) -> anyhow::Result<u64> {
    let mut rng = Rng::with_seed(seed);
    let bodies = Bodies::new(&mut rng);
    let mut out = BufWriter::with_capacity(1 << 20, fs_err::File::create(path)?);
    out.write_all(&file_header())?;
    let mut open: Vec<Conversation> = Vec::new();
    let (mut written, mut micros, mut opened, mut transactions) = (0, 0, 0, 0);
    loop {
        while written < bytes && open.len() < OPEN {
            open.push(Conversation::new(&mut rng, profile, opened));
            opened += 1;
        }
        if open.is_empty() {
            out.flush()?;
            return Ok(transactions);
        }
        let at = rng.usize(..open.len());
        let Some(frame) = open
            .get_mut(at)
            .and_then(|conversation| conversation.next(&mut rng, &bodies, profile, written < bytes))
        else {
            transactions += open.swap_remove(at).transactions;
            continue;
        };
        micros += rng.u64(1..50);
        let len = u32::try_from(frame.len())?;
        let (seconds, fraction) = (START_SECONDS + micros / 1_000_000, micros % 1_000_000);
        for field in [u32::try_from(seconds)?, u32::try_from(fraction)?, len, len] {
            out.write_all(&field.to_le_bytes())?;
        }
        out.write_all(&frame)?;
        written += 16 + u64::from(len);
    }
}

/// Classic pcap, microseconds (draft-ietf-opsawg-pcap section 4).
fn file_header() -> Vec<u8> {
    let mut header = 0xa1b2_c3d4_u32.to_le_bytes().to_vec();
    header.extend([2_u16, 4].iter().flat_map(|part| part.to_le_bytes()));
    header.extend([0, 0, SNAP_LENGTH, LINKTYPE_ETHERNET].iter().flat_map(|field: &u32| field.to_le_bytes()));
    header
}

#[cfg(test)]
mod tests {
    use super::{Profile, write};

    #[test]
    fn the_same_seed_gives_the_same_capture_and_another_one_another() {
        let path = std::env::temp_dir().join(format!("portcullis-bench-{}.pcap", std::process::id()));
        let make = |seed| {
            let transactions = write(&path, 100_000, seed, Profile::Mixed).unwrap();
            (transactions, fs_err::read(&path).unwrap())
        };
        let (first, again, other) = (make(1), make(1), make(2));
        fs_err::remove_file(&path).unwrap();
        assert!(first.0 > 0 && first.1.len() > 100_000);
        assert_eq!(first, again);
        assert_ne!(first.1, other.1);
    }
}
