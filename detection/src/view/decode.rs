//! The encodings in which an attack hides, taken off one layer at a time.

use super::text::{Decoded, Text};

/// Percent (with IIS `%uXXXX`), `\uXXXX`, `\xXX`, `\u{X}` and overlong UTF-8; `+` where the place is a form's.
/// `None` where nothing of it occurs.
pub(crate) fn unescape(text: &Text<'_>, plus: bool) -> Option<Text<'static>> {
    let bytes = text.bytes();
    let touched = bytes.iter().any(|byte| match byte {
        b'%' | b'\\' | 0xc0 | 0xc1 | 0xe0 | 0xf0 => true,
        b'+' => plus,
        _ => false,
    });
    if !touched {
        return None;
    }
    let mut out = Decoded::of(text);
    let mut changed = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (unit, length) = match byte {
            b'%' => percent(rest),
            b'\\' => backslash(rest),
            b'+' if plus => Some((Unit::Byte(b' '), 1)),
            0xc0 | 0xc1 | 0xe0 | 0xf0 => overlong(rest).map(|(byte, length)| (Unit::Byte(byte), length)),
            _ => None,
        }
        .unwrap_or((Unit::Same(*byte), 1));
        changed |= !matches!(unit, Unit::Same(_));
        match unit {
            Unit::Byte(byte) | Unit::Same(byte) => out.push(byte, at),
            Unit::Char(character) => out.push_char(character, at),
        }
        at += length;
    }
    changed.then(|| overlong_pass(out.finish()))
}

enum Unit {
    Same(u8),
    Byte(u8),
    Char(char),
}

/// Percent-encoded overlong sequences become overlong bytes first; fold those at once, since servers that accept
/// them do so in one step.
fn overlong_pass(text: Text<'static>) -> Text<'static> {
    let bytes = text.bytes();
    let hit = (0..bytes.len()).any(|at| bytes.get(at..).and_then(overlong).is_some());
    if !hit {
        return text;
    }
    let mut out = Decoded::of(&text);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match bytes.get(at..).and_then(overlong) {
            Some((byte, length)) => {
                out.push(byte, at);
                at += length;
            }
            None => {
                out.push(*byte, at);
                at += 1;
            }
        }
    }
    out.finish()
}

fn percent(rest: &[u8]) -> Option<(Unit, usize)> {
    match rest {
        [b'%', b'u' | b'U', digits @ ..] => {
            let code = hex(digits.get(..4)?)?;
            Some((Unit::Char(fold_wide(char::from_u32(code)?)), 6))
        }
        [b'%', digits @ ..] => Some((Unit::Byte(u8::try_from(hex(digits.get(..2)?)?).ok()?), 3)),
        _ => None,
    }
}

fn backslash(rest: &[u8]) -> Option<(Unit, usize)> {
    match rest {
        [b'\\', b'u', b'{', digits @ ..] => {
            let end = digits.iter().take(7).position(|byte| *byte == b'}')?;
            let code = hex(digits.get(..end)?)?;
            Some((Unit::Char(char::from_u32(code)?), end + 4))
        }
        [b'\\', b'u' | b'U', digits @ ..] => {
            let code = hex(digits.get(..4)?)?;
            Some((Unit::Char(fold_wide(char::from_u32(code)?)), 6))
        }
        [b'\\', b'x' | b'X', digits @ ..] => {
            Some((Unit::Byte(u8::try_from(hex(digits.get(..2)?)?).ok()?), 4))
        }
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 6 {
        return None;
    }
    digits.iter().try_fold(0, |value, digit| Some(value * 16 + char::from(*digit).to_digit(16)?))
}

/// Full-width forms (U+FF01–U+FF5E) are read as their ASCII twins by best-fit conversions (IIS, some databases).
fn fold_wide(character: char) -> char {
    match u32::from(character) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(character),
        0x2215 | 0x2044 | 0x29f8 => '/',
        0x2216 => '\\',
        0x00b4 | 0x2018 | 0x2019 | 0x02b9 | 0x02bc => '\'',
        _ => character,
    }
}

/// ASCII written in more UTF-8 bytes than it needs (RFC 3629 section 10), and full-width forms as UTF-8.
fn overlong(rest: &[u8]) -> Option<(u8, usize)> {
    let low = |byte: u8| u32::from(byte & 0x3f);
    let (code, length) = match rest {
        // IIS takes the second byte even where it is plain ASCII, as in %c0%2e.
        [0xc0, second @ (b'.' | b'/' | b'\\'), ..] => (u32::from(*second), 2),
        [0xc1, 0x1c, ..] => (u32::from(b'\\'), 2),
        [first @ (0xc0 | 0xc1), second, ..] if *second >= 0x80 => {
            ((u32::from(first & 1) << 6) | low(*second), 2)
        }
        [0xe0, second @ 0x80..=0x81, third @ 0x80..=0xbf, ..] => ((low(*second) << 6) | low(*third), 3),
        [0xf0, 0x80, third @ 0x80..=0x81, fourth @ 0x80..=0xbf, ..] => ((low(*third) << 6) | low(*fourth), 4),
        _ => return None,
    };
    let byte = u8::try_from(code).ok().filter(u8::is_ascii)?;
    Some((byte, length))
}

/// HTML character references that hide something in markup or script.
///
/// `&lt;` and `&gt;` stay: writing them is how honest text shows markup, and no browser reads them as tags.
pub(crate) fn html_entities(text: &Text<'_>) -> Option<Text<'static>> {
    references(text, false)
}

/// The references of XML (XML 1.0 section 4.6), where a text node means what they stand for.
pub(crate) fn xml_entities(text: &Text<'_>) -> Option<Text<'static>> {
    references(text, true)
}

fn references(text: &Text<'_>, angle: bool) -> Option<Text<'static>> {
    let bytes = text.bytes();
    memchr::memchr(b'&', bytes)?;
    let mut out = Decoded::of(text);
    let mut changed = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let reference =
            if *byte == b'&' { bytes.get(at + 1..).and_then(|rest| reference(rest, angle)) } else { None };
        match reference {
            Some((character, length)) => {
                out.push_char(character, at);
                at += length + 1;
                changed = true;
            }
            None => {
                out.push(*byte, at);
                at += 1;
            }
        }
    }
    changed.then(|| out.finish())
}

/// The character after `&`, and the length of the reference.
fn reference(rest: &[u8], angle: bool) -> Option<(char, usize)> {
    const LONGEST: usize = 12;
    const NAMED: [(&str, char); 18] = [
        ("quot;", '"'),
        ("apos;", '\''),
        ("amp;", '&'),
        ("tab;", '\t'),
        ("newline;", '\n'),
        ("colon;", ':'),
        ("lpar;", '('),
        ("rpar;", ')'),
        ("sol;", '/'),
        ("bsol;", '\\'),
        ("semi;", ';'),
        ("comma;", ','),
        ("period;", '.'),
        ("equals;", '='),
        ("grave;", '`'),
        ("lowbar;", '_'),
        ("nbsp;", ' '),
        ("dollar;", '$'),
    ];
    if let [b'#', digits @ ..] = rest {
        let (digits, radix, prefix) = match digits {
            [b'x' | b'X', digits @ ..] => (digits, 16, 2),
            digits => (digits, 10, 1),
        };
        let length =
            digits.iter().take(LONGEST).take_while(|byte| char::from(**byte).is_digit(radix)).count();
        let written = std::str::from_utf8(digits.get(..length)?).ok()?;
        let character = char::from_u32(u32::from_str_radix(written, radix).ok()?)?;
        // The semicolon is optional for browsers.
        let end = usize::from(digits.get(length) == Some(&b';'));
        return Some((character, prefix + length + end));
    }
    let starts =
        |name: &str| rest.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name.as_bytes()));
    let named = NAMED.iter().find(|(name, _)| starts(name));
    let named = named
        .copied()
        .or_else(|| [("lt;", '<'), ("gt;", '>')].into_iter().find(|(name, _)| angle && starts(name)));
    named.map(|(name, character)| (character, name.len()))
}

/// The escapes of a JSON string (RFC 8259 section 7), and leniently those of JavaScript.
pub(crate) fn json_string(text: &Text<'_>) -> Option<Text<'static>> {
    let bytes = text.bytes();
    memchr::memchr(b'\\', bytes)?;
    let mut out = Decoded::of(text);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (unit, length) = match (byte, rest.get(1)) {
            (b'\\', Some(b'u')) => {
                surrogates(rest).or_else(|| backslash(rest)).unwrap_or((Unit::Byte(b'\\'), 1))
            }
            (b'\\', Some(escaped)) => {
                let plain = match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    other => *other,
                };
                (Unit::Byte(plain), 2)
            }
            _ => (Unit::Same(*byte), 1),
        };
        match unit {
            Unit::Byte(byte) | Unit::Same(byte) => out.push(byte, at),
            Unit::Char(character) => out.push_char(character, at),
        }
        at += length;
    }
    Some(out.finish())
}

fn surrogates(rest: &[u8]) -> Option<(Unit, usize)> {
    let high = hex(rest.get(2..6)?)?;
    let low = rest.get(6..12).filter(|next| next.starts_with(b"\\u")).and_then(|next| hex(next.get(2..)?))?;
    if !(0xd800..0xdc00).contains(&high) || !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    Some((Unit::Char(char::from_u32(code)?), 12))
}

/// Base64 (standard or URL alphabet, padded or not) that stands for printable text, also where up to three digits of
/// something else come before it.
pub(crate) fn base64_text(text: &Text<'_>) -> Option<Text<'static>> {
    const SHORTEST: usize = 8;
    let bytes = text.bytes();
    let lead = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let body = bytes.trim_ascii();
    let digits = body.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let code = body.get(..digits)?;
    if code.len() < SHORTEST || body.len() - digits > 2 || code.iter().any(|digit| sextet(*digit).is_none()) {
        return None;
    }
    (0..4).find_map(|lost| base64_at(text, code, lead, lost))
}

/// As if `lost` digits had stood before the first: the bytes that they belong to are not known, and left out.
fn base64_at(text: &Text<'_>, code: &[u8], start: usize, lost: usize) -> Option<Text<'static>> {
    if (code.len() + lost) % 4 == 1 {
        return None;
    }
    let mut out = Decoded::of(text);
    let (mut bits, mut printable, mut unknown) = (0_u32, 0_usize, lost);
    let mut held = u32::try_from(6 * lost).ok()? % 8;
    let mut length = 0_usize;
    for (index, digit) in code.iter().enumerate() {
        bits = (bits << 6) | sextet(*digit)?;
        held += 6;
        if held >= 8 {
            held -= 8;
            // The mask leaves one byte.
            let byte = ((bits >> held) & 0xff) as u8;
            if unknown > 0 {
                unknown = 0;
                continue;
            }
            length += 1;
            printable += usize::from(matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'));
            // Random bytes are printable ASCII four times in ten; an identifier that decodes by chance is not all of it.
            if length >= 32 && printable * 100 < length * 90 {
                return None;
            }
            out.push(byte, start + index);
        }
    }
    (printable * 100 >= length * 97).then(|| out.finish())
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: Option<Text<'_>>) -> String {
        String::from_utf8_lossy(text.expect("changed").bytes()).into_owned()
    }

    fn original(text: &str) -> Text<'_> {
        Text::original(text.as_bytes(), 0)
    }

    #[test]
    fn every_escape_comes_off_in_one_pass() {
        let text = original("%27+OR%u0027\\u0031\\x3d\\u{31}");
        assert_eq!(decoded(unescape(&text, true)), "' OR'1=1");
        assert!(unescape(&original("a+b"), false).is_none());
    }

    #[test]
    fn overlong_utf8_is_the_character_it_spells() {
        assert_eq!(decoded(unescape(&original("%c0%ae%c0%ae%c0%af%e0%80%af"), false)), "..//");
    }

    #[test]
    fn honest_escaped_markup_stays_escaped_in_html_but_not_in_xml() {
        assert!(html_entities(&original("&lt;b&gt;")).is_none());
        assert_eq!(decoded(xml_entities(&original("&lt;b&gt;"))), "<b>");
        assert_eq!(decoded(html_entities(&original("java&#115;cript&colon;x&#x28"))), "javascript:x(");
    }

    #[test]
    fn base64_is_taken_only_where_it_gives_text() {
        assert_eq!(decoded(base64_text(&original("JyBPUiAxPTEgLS0gLQ=="))), "' OR 1=1 -- -");
        assert!(base64_text(&original("abcdefghijklmnop")).is_none());
    }

    #[test]
    fn a_match_in_a_decoded_text_points_at_its_escapes() {
        let text = original("ab%27%20x");
        let decoded = unescape(&text, true).expect("changed");
        assert_eq!(decoded.bytes(), b"ab' x");
        assert_eq!(decoded.original_range(2..4), 2..8);
    }
}
