//! `seeds CAPTURES OUT`: what the captures in a folder hold, in the form in which the fuzz targets read it.
//!
//! What cannot be read is passed over: captures of test suites are broken on purpose, and a seed less is no loss.

mod bodies;
mod frames;
mod streams;
mod writer;

use std::{env, path::PathBuf};

use anyhow::Context as _;
use portcullis_exchange::Timestamp;
use sensor_user::capture::decode::{Decoder, Frame, LinkType};

use self::{frames::Frames, streams::Streams, writer::Writer};

fn main() -> anyhow::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let captures = arguments.next().context("usage: seeds CAPTURES OUT")?;
    let writer = Writer { folder: arguments.next().context("usage: seeds CAPTURES OUT")? };
    for entry in fs_err::read_dir(captures)? {
        let path = entry?.path();
        if let Ok(capture) = pcap::Capture::from_file(&path) {
            read(capture, &writer)?;
        }
    }
    Ok(())
}

fn read(mut capture: pcap::Capture<pcap::Offline>, writer: &Writer) -> anyhow::Result<()> {
    let link = LinkType(capture.get_datalink().0);
    let (mut decoder, mut frames, mut streams) = (Decoder::default(), Frames::new(link), Streams::default());
    while let Ok(packet) = capture.next_packet() {
        let header = packet.header;
        let (seconds, micros) = (header.ts.tv_sec.unsigned_abs(), header.ts.tv_usec.unsigned_abs());
        let time = Timestamp::from_nanos(seconds.wrapping_mul(1_000_000_000).wrapping_add(micros * 1000));
        let frame = Frame { time, link, bytes: packet.data, wire_len: header.len as usize };
        frames.add(&frame);
        decoder.frame(frame, &mut |segment| streams.segment(segment));
    }
    frames.write(writer)?;
    streams.write(writer)
}
