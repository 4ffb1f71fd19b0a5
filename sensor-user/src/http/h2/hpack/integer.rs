use super::Fault;

/// More bytes than a 32-bit number needs; what is longer is an attack on receivers that do not count.
const MAX_CONTINUATION: u32 = 5;

/// Reads an integer whose first byte has `prefix` bits of it (RFC 7541 section 5.1); the bytes after it are `rest`.
pub(super) fn read(first: u8, prefix: u32, rest: &mut &[u8]) -> Result<usize, Fault> {
    let mask = 0xff_u8 >> (8 - prefix);
    if first & mask < mask {
        return Ok(usize::from(first & mask));
    }
    let mut value = u64::from(mask);
    for at in 0..MAX_CONTINUATION {
        let (byte, after) = rest.split_first().ok_or(Fault::Truncated)?;
        *rest = after;
        value += u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return u32::try_from(value).map(|value| value as usize).map_err(|_| Fault::Integer);
        }
    }
    Err(Fault::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_appendix_c_1() {
        assert_eq!(read(0b1110_1010, 5, &mut &[][..]), Ok(10));
        let mut rest = &[0b1001_1010, 0b0000_1010, 0xff][..];
        assert_eq!(read(0b0001_1111, 5, &mut rest), Ok(1337));
        assert_eq!(rest, [0xff]);
        assert_eq!(read(42, 8, &mut &[][..]), Ok(42));
    }

    #[test]
    fn an_integer_without_end_and_one_too_large_are_refused() {
        assert_eq!(read(0xff, 7, &mut &[0x80; 6][..]), Err(Fault::Integer));
        assert_eq!(read(0xff, 7, &mut &[0xff, 0xff, 0xff, 0xff, 0x7f][..]), Err(Fault::Integer));
        assert_eq!(read(0xff, 7, &mut &[0x80][..]), Err(Fault::Truncated));
    }
}
