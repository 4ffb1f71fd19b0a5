//! Check digits. Each function takes ASCII digits (and letters, where the number has some) without separators.

fn digits(number: &[u8]) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
    number.iter().map(|byte| u32::from(byte.wrapping_sub(b'0')))
}

/// ISO/IEC 7812-1 annex B.
pub(super) fn luhn(number: &[u8]) -> bool {
    let weigh =
        |(nth, digit): (usize, u32)| if nth % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 };
    digits(number).rev().enumerate().map(weigh).sum::<u32>().is_multiple_of(10)
}

/// Lengths and first digits of the payment networks.
pub(super) fn is_issued_card(number: &[u8]) -> bool {
    let lead = |count: usize| digits(number).take(count).fold(0, |lead, digit| lead * 10 + digit);
    let known = match number.len() {
        14 => matches!(lead(2), 36 | 38) || (300..=305).contains(&lead(3)),
        15 => matches!(lead(2), 34 | 37),
        16 => {
            lead(1) == 4
                || (51..=55).contains(&lead(2))
                || (2221..=2720).contains(&lead(4))
                || lead(4) == 6011
                || matches!(lead(2), 62 | 65)
                || (644..=649).contains(&lead(3))
                || (3528..=3589).contains(&lead(4))
        }
        17..=19 => lead(2) == 62,
        _ => false,
    };
    known && number.iter().any(|digit| Some(digit) != number.first()) && luhn(number)
}

/// ISO 13616: the country's length, and ISO 7064 MOD 97-10 over the number with its first four characters last.
pub(super) fn iban(number: &[u8]) -> bool {
    const LENGTHS: [(&[u8; 2], usize); 46] = [
        (b"AD", 24),
        (b"AE", 23),
        (b"AL", 28),
        (b"AT", 20),
        (b"AZ", 28),
        (b"BA", 20),
        (b"BE", 16),
        (b"BG", 22),
        (b"BH", 22),
        (b"BR", 29),
        (b"CH", 21),
        (b"CR", 22),
        (b"CY", 28),
        (b"CZ", 24),
        (b"DE", 22),
        (b"DK", 18),
        (b"EE", 20),
        (b"ES", 24),
        (b"FI", 18),
        (b"FR", 27),
        (b"GB", 22),
        (b"GE", 22),
        (b"GI", 23),
        (b"GR", 27),
        (b"HR", 21),
        (b"HU", 28),
        (b"IE", 22),
        (b"IL", 23),
        (b"IS", 26),
        (b"IT", 27),
        (b"KW", 30),
        (b"KZ", 20),
        (b"LI", 21),
        (b"LT", 20),
        (b"LU", 20),
        (b"LV", 21),
        (b"MT", 31),
        (b"NL", 18),
        (b"NO", 15),
        (b"PL", 28),
        (b"PT", 25),
        (b"RO", 24),
        (b"SE", 24),
        (b"SI", 19),
        (b"SK", 24),
        (b"TR", 26),
    ];
    let known =
        LENGTHS.iter().any(|(country, length)| number.starts_with(*country) && number.len() == *length);
    let Some((head, tail)) = number.split_at_checked(4) else { return false };
    let remainder = tail.iter().chain(head).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.wrapping_sub(b'A')) + 10) % 97,
    });
    known && remainder == 1
}

/// No area 000, 666 or from 900 on, no group 00, no serial 0000.
pub(super) fn ssn(number: &[u8]) -> bool {
    let part = |from: usize, to: usize| number.get(from..to).unwrap_or_default();
    let area = part(0, 3);
    // Numbers of advertisements, which were never anybody's.
    let known_void = [&b"123456789"[..], b"078051120", b"219099999", b"111111111"].contains(&number);
    number.len() == 9
        && !known_void
        && area != b"000"
        && area != b"666"
        && area.first() != Some(&b'9')
        && part(3, 5) != b"00"
        && part(5, 9) != b"0000"
}

/// Verhoeff's scheme: the dihedral group of order 10.
pub(super) fn verhoeff(number: &[u8]) -> bool {
    const POSITION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let product = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => (a + b - 5) % 5 + 5,
        (false, true) => (a - 5 + 5 - b) % 5 + 5,
        (false, false) => (a + 5 - b) % 5,
    };
    let permuted = |digit: u32, times: usize| {
        (0..times % 8).fold(digit, |digit, _| POSITION.get(digit as usize).copied().unwrap_or(digit))
    };
    digits(number).rev().enumerate().fold(0, |sum, (nth, digit)| product(sum, permuted(digit, nth))) == 0
}

/// Eleven digits, ISO 7064 MOD 11,10; among the first ten, one digit comes two or three times.
pub(super) fn german_tax_id(number: &[u8]) -> bool {
    let Some((check, first)) = number.split_last() else { return false };
    let most = (b'0'..=b'9').map(|digit| first.iter().filter(|byte| **byte == digit).count()).max();
    let product = digits(first).fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    let expected = (11 - product) % 10;
    number.len() == 11
        && number.first() != Some(&b'0')
        && matches!(most, Some(2 | 3))
        && u32::from(check.wrapping_sub(b'0')) == expected
}

/// DNI: eight digits and the letter of their remainder by 23. NIE: X, Y or Z stands for a first digit.
pub(super) fn spanish_id(number: &[u8]) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let Some((letter, rest)) = number.split_last() else { return false };
    let digit = |byte: &u8| match byte {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        digit => u32::from(digit.wrapping_sub(b'0')),
    };
    let value = rest.iter().map(digit).fold(0_u32, |value, digit| value.wrapping_mul(10).wrapping_add(digit));
    number.len() == 9 && LETTERS.get(value as usize % 23) == Some(letter)
}

/// Thirteen digits (sex, year, month, place, order) and a key: 97 less their remainder by 97.
pub(super) fn french_nir(number: &[u8]) -> bool {
    let value = |from, to| {
        digits(number.get(from..to).unwrap_or_default())
            .fold(0_u64, |value, digit| value * 10 + u64::from(digit))
    };
    let month = value(3, 5);
    let is_dated =
        matches!(number.first(), Some(b'1' | b'2')) && (matches!(month, 1..=12 | 20..=42 | 50..=99));
    number.len() == 15 && is_dated && 97 - value(0, 13) % 97 == value(13, 15)
}

/// Two check digits, each modulo 11.
pub(super) fn cpf(number: &[u8]) -> bool {
    let check = |count: usize| {
        let sum: u32 = digits(number)
            .take(count)
            .zip((2..=count as u32 + 1).rev())
            .map(|(digit, weight)| digit * weight)
            .sum();
        Some(sum * 10 % 11 % 10) == digits(number).nth(count)
    };
    number.len() == 11 && number.iter().any(|digit| Some(digit) != number.first()) && check(9) && check(10)
}

/// The letters that HMRC leaves out of prefixes, and the prefixes that it leaves out.
pub(super) fn nino(number: &[u8]) -> bool {
    let prefix = number.get(..2).unwrap_or_default();
    let left_out = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"];
    number.len() == 9
        && !left_out.iter().any(|pair| prefix == *pair)
        && !prefix.iter().any(|letter| b"DFIQUV".contains(letter))
        && number.get(1) != Some(&b'O')
}

/// The sixteenth character is the sum of the others' values, those at odd places by a table.
pub(super) fn codice_fiscale(code: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        letter => u32::from(letter.wrapping_sub(b'A')),
    };
    let Some((check, rest)) = code.split_last() else { return false };
    let sum: u32 =
        rest.iter()
            .enumerate()
            .map(|(nth, byte)| {
                if nth % 2 == 0 { ODD.get(value(*byte) as usize).copied().unwrap_or(0) } else { value(*byte) }
            })
            .sum();
    code.len() == 16 && sum % 26 == value(*check)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_publishers_examples_pass_and_their_neighbours_fail() {
        type Check = fn(&[u8]) -> bool;
        let checks: [(Check, &str, &str); 11] = [
            (luhn, "4111111111111111", "4111111111111112"),
            (is_issued_card, "378282246310005", "378282246310006"),
            (iban, "DE89370400440532013000", "DE89370400440532013001"),
            (iban, "GB82WEST12345698765432", "GB82WEST12345698765433"),
            (ssn, "536904399", "666904399"),
            (verhoeff, "2363", "2364"),
            (german_tax_id, "86095742719", "86095742718"),
            (spanish_id, "12345678Z", "12345678A"),
            (french_nir, "255081416802538", "255081416802539"),
            (cpf, "52998224725", "52998224726"),
            (codice_fiscale, "RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ];
        for (check, right, wrong) in checks {
            assert!(check(right.as_bytes()), "{right}");
            assert!(!check(wrong.as_bytes()), "{wrong}");
        }
        assert!(nino(b"AB123456C") && !nino(b"GB123456C") && !nino(b"DA123456C"));
        assert!(spanish_id(b"X1234567L"));
    }
}
