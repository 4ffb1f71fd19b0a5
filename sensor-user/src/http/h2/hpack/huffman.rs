use super::Fault;

/// Code lengths in bits of the 256 bytes and of EOS (RFC 7541 appendix B).
///
/// The code is canonical: codes of one length count up in the order of their symbols, and each length goes on where the
/// shorter ones end. So the lengths say all of it.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const EOS: u16 = 256;
const MAX_LENGTH: usize = 30;
/// Codes up to this length, which are those of text, are looked up at once.
const SHORT: u32 = 8;

struct Code {
    /// Symbol and length by the next [`SHORT`] bits; length 0 where the code is longer.
    short: [(u8, u8); 1 << SHORT],
    /// Symbols in the order of their codes.
    symbols: [u16; 257],
    /// Of each length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, u32); MAX_LENGTH + 1],
}

static CODE: Code = canonical();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
const fn canonical() -> Code {
    let mut code =
        Code { short: [(0, 0); 1 << SHORT], symbols: [0; 257], lengths: [(0, 0, 0); MAX_LENGTH + 1] };
    let (mut next, mut placed, mut length) = (0_u32, 0, 1);
    while length <= MAX_LENGTH {
        next <<= 1;
        let (first, start) = (next, placed);
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                code.symbols[placed] = symbol as u16;
                let mut fill = 0;
                while length <= SHORT as usize && fill < 1 << (SHORT as usize - length) {
                    let index = ((next as usize) << (SHORT as usize - length)) + fill;
                    code.short[index] = (symbol as u8, length as u8);
                    fill += 1;
                }
                next += 1;
                placed += 1;
            }
            symbol += 1;
        }
        code.lengths[length] = (first, (placed - start) as u32, start as u32);
        length += 1;
    }
    code
}

/// Appends the decoded string (RFC 7541 section 5.2).
pub(super) fn decode(coded: &[u8], decoded: &mut Vec<u8>) -> Result<(), Fault> {
    let mut coded = coded.iter();
    // The next bits, from the highest one.
    let (mut window, mut bits) = (0_u64, 0_u32);
    loop {
        while bits <= 56 {
            let Some(byte) = coded.next() else { break };
            window |= u64::from(*byte) << (56 - bits);
            bits += 8;
        }
        let short = CODE.short.get((window >> (64 - SHORT)) as usize).copied().unwrap_or_default();
        let (symbol, length) = match short {
            (_, 0) => long(window).ok_or(Fault::Huffman)?,
            (symbol, length) => (u16::from(symbol), u32::from(length)),
        };
        if length > bits {
            // The padding is the beginning of EOS, and shorter than a byte.
            let is_padding = bits < 8 && window >> (64 - bits.max(1)) == (1 << bits.max(1)) - 1;
            return if bits == 0 || is_padding { Ok(()) } else { Err(Fault::Huffman) };
        }
        if symbol == EOS {
            return Err(Fault::Huffman);
        }
        decoded.push(symbol as u8);
        window <<= length;
        bits -= length;
    }
}

fn long(window: u64) -> Option<(u16, u32)> {
    (SHORT as usize + 1..=MAX_LENGTH).find_map(|length| {
        let (first, count, start) = CODE.lengths.get(length).copied()?;
        let index = ((window >> (64 - length)) as u32).checked_sub(first).filter(|index| *index < count)?;
        let symbol = CODE.symbols.get((start + index) as usize)?;
        Some((*symbol, length as u32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(hex: &str) -> Result<String, Fault> {
        let coded: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        let mut bytes = Vec::new();
        decode(&coded, &mut bytes).map(|()| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn the_strings_of_appendix_c_4_and_c_6() {
        for (hex, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
        ] {
            assert_eq!(decoded(hex).as_deref(), Ok(text));
        }
    }

    #[test]
    fn padding_that_is_long_or_no_prefix_of_eos_is_refused() {
        assert_eq!(decoded("07").as_deref(), Ok("0"));
        assert_eq!(decoded("00"), Err(Fault::Huffman));
        assert_eq!(decoded("07ff"), Err(Fault::Huffman));
        assert_eq!(decoded("ffffffff"), Err(Fault::Huffman));
        assert_eq!(decoded("").as_deref(), Ok(""));
    }
}
