use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};

use super::*;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn decode(codings: &[Coding], coded: &[u8], step: usize) -> (Vec<u8>, u64, Option<BodyFault>) {
    let mut decoder = Decoder::new(codings, 1000);
    for piece in coded.chunks(step) {
        decoder.push(piece);
    }
    decoder.finish()
}

#[test]
fn every_form_of_deflate_is_taken_off_at_any_step() {
    let plain = b"one two three one two three".repeat(20);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(&plain).unwrap();
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(&plain).unwrap();
    let cases = [
        (Coding::Gzip, gzip(&plain)),
        (Coding::Deflate, zlib.finish().unwrap()),
        (Coding::Deflate, raw.finish().unwrap()),
    ];
    for (coding, coded) in cases {
        for step in [1, 2, 7, 4096] {
            assert_eq!(
                decode(&[coding], &coded, step),
                (plain.clone(), plain.len() as u64, None),
                "{coding:?}"
            );
        }
    }
}

#[test]
fn brotli_and_zstd_are_taken_off() {
    // Made with Node's zlib and the zstd command.
    let brotli = [
        0x1b, 0x17, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0xd6, 0x0a, 0x20, 0x6c, 0x6f, 0x4a,
        0x11, 0x79, 0xe2, 0x80, 0xae, 0x16,
    ];
    assert_eq!(decode(&[Coding::Brotli], &brotli, 3).0, b"hello hello hello hello\n");
    let raw_block =
        [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x06, 0x31, 0x00, 0x00, b'h', b'e', b'l', b'l', b'o', b'\n'];
    assert_eq!(decode(&[Coding::Zstd], &raw_block, 1), (b"hello\n".to_vec(), 6, None));
}

#[test]
fn stacked_codings_come_off_in_reverse() {
    let twice = gzip(&gzip(b"deep"));
    assert_eq!(decode(&[Coding::Gzip, Coding::Gzip], &twice, 5), (b"deep".to_vec(), 4, None));
}

#[test]
fn gzip_members_follow_each_other_and_neither_rubbish_nor_a_wrong_checksum_hides_them() {
    let two = [gzip(b"one "), gzip(b"two")].concat();
    let with_rubbish = [two.as_slice(), b"\0\0\0rubbish"].concat();
    let mut wrong_checksum = two.clone();
    let last = wrong_checksum.len() - 6;
    wrong_checksum[last] ^= 0xff;
    for coded in [two, with_rubbish, wrong_checksum] {
        for step in [1, 5, 4096] {
            assert_eq!(decode(&[Coding::Gzip], &coded, step), (b"one two".to_vec(), 7, None));
        }
    }
}

#[test]
fn a_bomb_stops_early_and_keeps_what_came_before() {
    let bomb = gzip(&vec![0; 50 << 20]);
    let (kept, len, fault) = decode(&[Coding::Gzip], &bomb, 1460);
    assert_eq!((kept.len(), fault), (1000, Some(BodyFault::Bomb)));
    assert!(len < 4 << 20, "stopped only at {len}");
}

#[test]
fn rubbish_after_a_gzip_member_is_ignored_wherever_it_is_cut() {
    let coded = [gzip(b"whole"), vec![0; 40]].concat();
    for step in [1, 25, 26, 4096] {
        assert_eq!(decode(&[Coding::Gzip], &coded, step), (b"whole".to_vec(), 5, None), "{step}");
    }
}

#[test]
fn zstd_frames_follow_each_other_and_rubbish_after_them_is_ignored() {
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x02, 0x11, 0x00, 0x00, b'o', b'k'];
    let skipped = [0x55, 0x2a, 0x4d, 0x18, 0x03, 0, 0, 0, b'x', b'y', b'z'];
    let coded = [frame.as_slice(), &skipped, &frame, b"rubbish"].concat();
    for step in [1, 5, 4096] {
        assert_eq!(decode(&[Coding::Zstd], &coded, step), (b"okok".to_vec(), 4, None), "{step}");
    }
}

#[test]
fn damage_is_the_same_wherever_it_is_cut() {
    // Two literals of brotli before what cannot be.
    let coded = b"\x0b\x02\x80hell\x01\xff\xabV\xcaLQo\x03";
    let whole = decode(&[Coding::Brotli], coded, 4096);
    for step in 1..coded.len() {
        assert_eq!(decode(&[Coding::Brotli], coded, step), whole, "{step}");
    }
}

#[test]
fn a_bomb_is_one_wherever_it_is_cut() {
    let bomb = gzip(&vec![0; 3 << 20]);
    let whole = decode(&[Coding::Gzip], &bomb, bomb.len());
    assert_eq!(whole.2, Some(BodyFault::Bomb));
    for step in [1, 100, 1460] {
        assert_eq!(decode(&[Coding::Gzip], &bomb, step), whole, "{step}");
    }
}

#[test]
fn a_short_body_under_a_false_coding_is_given_as_it_is() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        for body in [b"a".as_slice(), b"id=1 OR 1"] {
            let (bytes, _, fault) = decode(&[coding], body, 2);
            assert_eq!((bytes.as_slice(), fault), (body, Some(BodyFault::UnknownCoding)), "{coding:?}");
        }
    }
}

#[test]
fn an_unknown_coding_leaves_the_bytes_as_they_came() {
    assert_eq!(decode(&[Coding::Unknown], b"abc", 2), (b"abc".to_vec(), 3, Some(BodyFault::UnknownCoding)));
}

#[test]
fn a_coding_that_was_announced_and_not_applied_hides_nothing() {
    for coding in [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd] {
        let (bytes, _, fault) = decode(&[coding], b"id=1' OR '1'='1' --", 3);
        assert_eq!(
            (bytes.as_slice(), fault),
            (&b"id=1' OR '1'='1' --"[..], Some(BodyFault::UnknownCoding)),
            "{coding:?}"
        );
    }
    assert_eq!(decode(&[Coding::Gzip, Coding::Gzip], &gzip(b"once"), 5).0, b"once");
}

#[test]
fn damage_keeps_what_came_before_it() {
    let plain: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let mut coded = gzip(&plain);
    let half = coded.len() / 2;
    coded[half..].fill(0xff);
    let (kept, len, fault) = decode(&[Coding::Gzip], &coded, 1460);
    assert_eq!((kept, fault), (plain[..1000].to_vec(), Some(BodyFault::Damaged)));
    assert!(len > 1000);
}
