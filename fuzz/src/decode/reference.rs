//! Other decoders than the sensor's, given a whole body at once: zstd's own, and for the rest the same libraries driven
//! by their own readers.

use std::io::{self, Read, Write as _};

use flate2::{Compression, bufread, write};

/// Where the sensor's cap on the ratio of decoded to coded bytes begins.
const ENOUGH: u64 = 1 << 20;
/// The window that RFC 9659 allows in HTTP: 8 MiB.
const MAX_WINDOW_LOG: u32 = 23;

/// What a valid body of a reasonable size decodes to; `None` for any other.
pub(super) fn decode(codings: &str, coded: &[u8]) -> Option<Vec<u8>> {
    codings.split(',').rev().try_fold(coded.to_vec(), |coded, coding| decode_one(coding, &coded).ok()?)
}

fn decode_one(coding: &str, coded: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let is_zlib = matches!(coded, [first, second, ..]
        if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]).is_multiple_of(31));
    match coding.trim_start() {
        "gzip" => whole(&mut bufread::MultiGzDecoder::new(coded)),
        "deflate" if is_zlib => whole(&mut bufread::ZlibDecoder::new(coded)),
        "deflate" => whole(&mut bufread::DeflateDecoder::new(coded)),
        "br" => whole(&mut brotli::Decompressor::new(coded, 4096)),
        "zstd" if !coded.is_empty() => {
            let mut decoder = zstd::Decoder::with_buffer(coded)?;
            decoder.window_log_max(MAX_WINDOW_LOG)?;
            whole(&mut decoder)
        }
        _ => Ok(None),
    }
}

fn whole(decoder: &mut dyn Read) -> io::Result<Option<Vec<u8>>> {
    let mut plain = Vec::new();
    decoder.take(ENOUGH + 1).read_to_end(&mut plain)?;
    Ok((plain.len() as u64 <= ENOUGH).then_some(plain))
}

/// `plain` in these codings; the first byte chooses how hard the encoders try.
pub(super) fn encode(codings: &str, plain: &[u8]) -> Vec<u8> {
    let level = u32::from(plain.first().copied().unwrap_or_default() % 6);
    codings.split(',').fold(plain.to_vec(), |bytes, coding| {
        encode_one(coding, level, &bytes).expect("writing to memory does not fail")
    })
}

fn encode_one(coding: &str, level: u32, plain: &[u8]) -> io::Result<Vec<u8>> {
    let compression = Compression::new(level);
    match coding.trim_start() {
        "gzip" => {
            let mut encoder = write::GzEncoder::new(Vec::new(), compression);
            encoder.write_all(plain)?;
            encoder.finish()
        }
        "deflate" if level.is_multiple_of(2) => {
            let mut encoder = write::ZlibEncoder::new(Vec::new(), compression);
            encoder.write_all(plain)?;
            encoder.finish()
        }
        "deflate" => {
            let mut encoder = write::DeflateEncoder::new(Vec::new(), compression);
            encoder.write_all(plain)?;
            encoder.finish()
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, level, 18);
            encoder.write_all(plain)?;
            Ok(encoder.into_inner())
        }
        "zstd" => zstd::encode_all(plain, level.cast_signed()),
        _ => Ok(plain.to_vec()),
    }
}
