use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use sensor_user::{
    capture::{CaptureError, decode::LinkType, file},
    counters::Counters,
    segment::Segment,
};

use crate::frame::*;

/// Seconds and nanoseconds at which the packet of a test was captured.
const SECONDS: u32 = 1_700_000_000;
const NANOS: u32 = 123_456_000;
const WHEN: u64 = SECONDS as u64 * 1_000_000_000 + NANOS as u64;

/// Numbers in a file's byte order.
#[derive(Clone, Copy, Debug)]
struct Order {
    is_big: bool,
}

const BOTH: [Order; 2] = [Order { is_big: false }, Order { is_big: true }];

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32(self, value: u32) -> [u8; 4] {
        if self.is_big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn u32s<const N: usize>(self, values: [u32; N]) -> Vec<u8> {
        values.into_iter().flat_map(|value| self.u32(value)).collect()
    }

    fn pcap_header(self, magic: u32, link: u32) -> Vec<u8> {
        [&self.u32(magic)[..], &self.u16(2), &self.u16(4), &self.u32s([0, 0, 65_535, link])].concat()
    }

    /// `extra` bytes stand between the record's header and its packet.
    fn pcap_packet(self, fraction: u32, extra: usize, bytes: &[u8], wire_len: usize) -> Vec<u8> {
        let header = self.u32s([SECONDS, fraction, len(bytes), u32::try_from(wire_len).unwrap()]);
        [header, vec![0; extra], bytes.to_vec()].concat()
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let body = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
        let total = self.u32(len(&body) + 12);
        [&self.u32(kind)[..], &total, &body, &total].concat()
    }

    fn section(self) -> Vec<u8> {
        let body = [&self.u32(0x1a2b_3c4d)[..], &self.u16(1), &self.u16(0), &[0xff; 8]].concat();
        self.block(0x0a0d_0d0a, &body)
    }

    fn interface(self, link: LinkType, snap_len: u32, resolution: Option<u8>) -> Vec<u8> {
        let link = u16::try_from(link.0).unwrap();
        let mut body = [&self.u16(link)[..], &self.u16(0), &self.u32(snap_len)].concat();
        if let Some(resolution) = resolution {
            body.extend([&self.u16(9)[..], &self.u16(1), &[resolution, 0, 0, 0], &[0; 4]].concat());
        }
        self.block(1, &body)
    }

    fn enhanced(self, interface: u32, ticks: u64, bytes: &[u8]) -> Vec<u8> {
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        let body = [self.u32s([interface, high, low, len(bytes), len(bytes)]), bytes.to_vec()].concat();
        self.block(6, &body)
    }
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

/// What a file gives: its segments with their times, and how reading ended.
fn read(bytes: &[u8]) -> (Vec<(u64, Seen)>, Result<Counters, CaptureError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("capture");
    fs_err::write(&path, bytes).unwrap();
    read_path(&path)
}

fn read_path(path: &Path) -> (Vec<(u64, Seen)>, Result<Counters, CaptureError>) {
    let mut seen = Vec::new();
    let ended = file::read(path, &mut |segment: &Segment<'_>| {
        seen.push((segment.time.nanos(), Seen::of(segment)));
    });
    (seen, ended)
}

/// That every packet of a file is [`REQUEST`], captured when it was.
fn assert_requests(bytes: &[u8], count: usize) {
    let (seen, ended) = read(bytes);
    ended.unwrap();
    assert_eq!(seen.len(), count);
    for (time, seen) in seen {
        assert_eq!((time, seen.payload.as_slice()), (WHEN, REQUEST));
    }
}

#[test]
fn pcap_is_read_in_both_byte_orders_and_resolutions() {
    let frame = request_frame();
    for order in BOTH {
        for (magic, fraction) in [(0xa1b2_c3d4, NANOS / 1000), (0xa1b2_3c4d, NANOS)] {
            let packet = order.pcap_packet(fraction, 0, &frame, frame.len());
            assert_requests(&[order.pcap_header(magic, 1), packet.repeat(2)].concat(), 2);
        }
    }
}

#[test]
fn the_modified_format_and_a_link_type_with_a_check_sequence_are_read() {
    let (order, frame) = (BOTH[0], request_frame());
    let modified = order.pcap_packet(NANOS / 1000, 8, &frame, frame.len());
    assert_requests(&[order.pcap_header(0xa1b2_cd34, 1), modified.repeat(2)].concat(), 2);
    // Four bytes of check sequence follow each frame.
    let packet = order.pcap_packet(NANOS / 1000, 0, &[frame.as_slice(), &[9; 4]].concat(), frame.len() + 4);
    assert_requests(&[order.pcap_header(0xa1b2_c3d4, 0x4400_0001), packet].concat(), 1);
}

#[test]
fn a_packet_cut_by_the_snap_length_says_how_long_it_was() {
    let (order, frame) = (BOTH[0], request_frame());
    let packet = order.pcap_packet(0, 0, &frame[..60], frame.len());
    let (seen, _) = read(&[order.pcap_header(0xa1b2_c3d4, 1), packet].concat());
    assert_eq!((seen[0].1.payload.len(), seen[0].1.wire_len as usize), (6, REQUEST.len()));
}

#[test]
fn pcapng_interfaces_differ_in_link_type_and_resolution() {
    for order in BOTH {
        let micros = WHEN / 1000;
        // 2^-10 seconds: the fraction that NANOS is nearest to, from below.
        let binary = u64::from(SECONDS) << 10;
        let file = [
            order.section(),
            order.interface(LinkType::ETHERNET, 0, None),
            order.interface(LinkType::RAW, 0, Some(9)),
            order.interface(LinkType::LINUX_SLL, 0, Some(0x8a)),
            order.enhanced(0, micros, &request_frame()),
            order.block(5, &[0; 12]),
            order.enhanced(1, WHEN, &request()),
            order.enhanced(2, binary, &[&[0; 14], &IPV4.to_be_bytes()[..], &request()].concat()),
        ];
        let (seen, ended) = read(&file.concat());
        ended.unwrap();
        let times: Vec<u64> = seen.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [WHEN, WHEN, u64::from(SECONDS) * 1_000_000_000], "{order:?}");
        assert!(seen.iter().all(|(_, seen)| seen.payload == REQUEST));
    }
}

#[test]
fn sections_of_either_byte_order_follow_each_other_with_interfaces_of_their_own() {
    let file = BOTH.map(|order| {
        let link = if order.is_big { LinkType::RAW } else { LinkType::ETHERNET };
        let packet = if order.is_big { request() } else { request_frame() };
        [order.section(), order.interface(link, 0, Some(9)), order.enhanced(0, WHEN, &packet)].concat()
    });
    assert_requests(&[file.concat(), file.concat()].concat(), 4);
}

#[test]
fn simple_and_obsolete_packet_blocks_are_read() {
    for order in BOTH {
        let frame = request_frame();
        let simple = [order.u32(len(&frame)).as_slice(), &frame].concat();
        let cut = [order.u32(2000).as_slice(), &frame[..81]].concat();
        let (high, low) = ((WHEN >> 32) as u32, WHEN as u32);
        let obsolete = [
            &order.u16(0)[..],
            &order.u16(7),
            &order.u32s([high, low, len(&frame), len(&frame)]),
            frame.as_slice(),
        ];
        let head = [order.section(), order.interface(LinkType::ETHERNET, 0, Some(9))].concat();
        let (obsolete, simple) = (order.block(2, &obsolete.concat()), order.block(3, &simple));
        // The simple one has no time, so it gets that of the packet before it.
        assert_requests(&[head, obsolete, simple].concat(), 2);
        let head = [order.section(), order.interface(LinkType::ETHERNET, 81, None)].concat();
        let (seen, _) = read(&[head, order.block(3, &cut)].concat());
        assert_eq!(
            seen[0].1.payload,
            REQUEST[..27],
            "cut at the interface's snap length, not at the padding"
        );
    }
}

fn pcap(packets: usize) -> Vec<u8> {
    let (order, frame) = (BOTH[0], request_frame());
    let packet = order.pcap_packet(NANOS / 1000, 0, &frame, frame.len());
    [order.pcap_header(0xa1b2_c3d4, 1), packet.repeat(packets)].concat()
}

fn pcapng(packets: usize) -> Vec<u8> {
    let order = BOTH[1];
    let packet = order.enhanced(0, WHEN, &request_frame());
    [order.section(), order.interface(LinkType::ETHERNET, 0, Some(9)), packet.repeat(packets)].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn compressed_files_are_read_whole_also_in_several_members() {
    for plain in [pcap(3000), pcapng(3000)] {
        let (start, end) = plain.split_at(plain.len() / 3);
        assert_requests(&gzip(&plain), 3000);
        assert_requests(&[gzip(start), gzip(end)].concat(), 3000);
        assert_requests(&zstd(&plain), 3000);
        assert_requests(&[zstd(start), zstd(end)].concat(), 3000);
    }
}

#[test]
fn a_file_that_ends_inside_a_packet_gives_all_before_it_wherever_that_is() {
    for whole in [pcap(3), pcapng(3)] {
        let two =
            whole.len() - (whole.len() - if whole[0] == 0x0a { pcapng(2).len() } else { pcap(2).len() });
        for end in two + 1..whole.len() {
            let (seen, ended) = read(&whole[..end]);
            assert_eq!(seen.len(), 2, "at {end}");
            assert_eq!(ended.unwrap().value("capture_file_truncated_total"), 1);
        }
    }
}

#[test]
fn damage_is_told_with_its_place_and_costs_nothing_before_it() {
    let mut pcapng = pcapng(3);
    let second = self::pcapng(1).len();
    // A block that is shorter than its own header.
    pcapng[second + 4..second + 8].copy_from_slice(&4_u32.to_be_bytes());
    let (seen, ended) = read(&pcapng);
    let error = ended.unwrap_err().to_string();
    assert_eq!(seen.len(), 1);
    assert!(error.contains(&format!("at byte {second} after packet 1")), "{error}");

    let mut pcap = pcap(3);
    let second = self::pcap(1).len();
    pcap[second + 8..second + 12].fill(0x7f);
    let (seen, ended) = read(&pcap);
    let error = ended.unwrap_err().to_string();
    assert_eq!(seen.len(), 1);
    assert!(error.contains(&format!("at byte {second} after packet 1")), "{error}");
}

#[test]
fn damaged_compression_costs_at_most_what_was_just_being_inflated() {
    // Random bytes after each request, or the whole would be one match after another.
    let (order, frame) = (BOTH[0], request_frame());
    let mut random = 1_u64;
    let mut file = order.pcap_header(0xa1b2_c3d4, 1);
    for _ in 0..2000 {
        let mut padded = frame.clone();
        padded.extend((0..100).map(|_| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 56) as u8
        }));
        file.extend(order.pcap_packet(NANOS / 1000, 0, &padded, padded.len()));
    }
    // zstd decodes blocks of 128 KiB, and keeps a window of megabytes to itself.
    for (compressed, fewest) in [(gzip(&file), 950), (zstd(&file), 400)] {
        let (seen, ended) = read(&compressed[..compressed.len() / 2]);
        let error = ended.unwrap_err().to_string();
        assert!((fewest..=1050).contains(&seen.len()), "{}", seen.len());
        assert!(error.contains(&format!("after packet {}", seen.len())), "{error}");
    }
}

#[test]
fn what_is_no_capture_is_told_with_what_it_begins_with() {
    for (bytes, expected) in [
        (b"#!/bin/sh\necho no capture".as_slice(), "begins with [23, 21, 2f, 62]"),
        (b"", "begins with []"),
        (&pcap(1)[..20], "ends before its first header"),
        (&pcapng(1)[..20], "ends before its first header"),
    ] {
        let (seen, ended) = read(bytes);
        let error = ended.unwrap_err().to_string();
        assert!(seen.is_empty() && error.contains(expected), "{error}");
    }
}

#[test]
fn standard_input_may_come_in_pieces() {
    for bytes in [pcap(1), pcapng(1), gzip(&pcapng(1)), zstd(&pcap(1))] {
        let mut sensor = Command::new(env!("CARGO_BIN_EXE_sensor"))
            .args(["replay", "-", "--emit", "exchanges"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = sensor.stdin.take().unwrap();
        for piece in bytes.chunks(7).take(4).chain([&bytes[28.min(bytes.len())..]]) {
            stdin.write_all(piece).unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(stdin);
        let output = sensor.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("\"target\":\"/a\""), "{text} {}", String::from_utf8_lossy(&output.stderr));
    }
}
