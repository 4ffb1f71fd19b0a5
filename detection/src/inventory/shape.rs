/// What a value looks like, told from nothing but its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Integer,
    Number,
    Boolean,
    Uuid,
    Date,
    Email,
    /// Eight hexadecimal digits or more: hashes, object ids.
    Hex,
    /// Letters and digits in no order that a person would write: base64, ULIDs, JSON web tokens.
    Token,
    Text,
}

/// Whether a path segment names one of many things, so that it is a parameter of a template and not a part of its name.
pub fn looks_like_identifier(segment: &[u8]) -> bool {
    !matches!(Shape::of(segment), Shape::Text | Shape::Boolean)
}

impl Shape {
    pub(crate) fn of(text: &[u8]) -> Self {
        match text {
            b"true" | b"false" => Self::Boolean,
            _ if is_integer(text) => Self::Integer,
            _ if is_number(text) => Self::Number,
            _ if is_uuid(text) => Self::Uuid,
            _ if is_date(text) => Self::Date,
            _ if is_email(text) => Self::Email,
            _ if is_hex(text) => Self::Hex,
            _ if is_token(text) => Self::Token,
            _ => Self::Text,
        }
    }
}

fn is_integer(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    (1..=24).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit)
}

fn is_number(text: &[u8]) -> bool {
    let Some(dot) = text.iter().position(|byte| *byte == b'.') else { return false };
    let (whole, fraction) = text.split_at_checked(dot).unwrap_or_default();
    let fraction = fraction.get(1..).unwrap_or_default();
    is_integer(whole) && (1..=24).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit)
}

/// The form of RFC 9562 section 4, in braces or without hyphens too seldom to count here.
fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `2024-05-17`, and what RFC 3339 has after it.
fn is_date(text: &[u8]) -> bool {
    let Some((day, rest)) = text.split_at_checked(10) else { return false };
    let is_day = day.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let of_time = |byte: &u8| byte.is_ascii_digit() || b":.TtZz+-% ".contains(byte) || *byte == b'A';
    let joined = rest.first().is_none_or(|byte| b"Tt %+".contains(byte));
    is_day && rest.len() <= 24 && joined && rest.iter().all(of_time)
}

fn is_email(text: &[u8]) -> bool {
    if text.len() > 254 {
        return false;
    }
    let is_sign = |at: usize| text.get(at) == Some(&b'@');
    let encoded = memchr::memmem::find(text, b"%40").map(|at| (at, at + 3));
    let Some((end, start)) = memchr::memchr(b'@', text).map(|at| (at, at + 1)).or(encoded) else {
        return false;
    };
    let (local, domain) = (text.get(..end).unwrap_or_default(), text.get(start..).unwrap_or_default());
    let of_domain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let dot = domain.iter().rposition(|byte| *byte == b'.');
    !local.is_empty()
        && !(start..text.len()).any(is_sign)
        && domain.iter().all(of_domain)
        && dot.is_some_and(|dot| dot > 0 && dot + 2 < domain.len())
}

fn is_hex(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    (8..=128).contains(&text.len())
        && text.iter().all(u8::is_ascii_hexdigit)
        && (text.len() >= 16 || text.iter().any(u8::is_ascii_digit))
}

fn is_token(text: &[u8]) -> bool {
    if text.len() < 16 {
        return false;
    }
    let (mut upper, mut lower, mut digits, mut joints, mut turns) =
        (0_usize, 0_usize, 0_usize, 0_usize, 0_usize);
    let mut last = 0;
    for byte in text {
        let class = match byte {
            b'A'..=b'Z' => 1,
            b'a'..=b'z' => 2,
            b'0'..=b'9' => 3,
            b'-' | b'_' | b'.' | b'=' | b'~' | b'+' | b'%' | b'|' | b':' => 4,
            _ => return false,
        };
        match class {
            1 => upper += 1,
            2 => lower += 1,
            3 => digits += 1,
            _ => joints += 1,
        }
        turns += usize::from(class != last);
        last = class;
    }
    // Words joined by hyphens (`how-to-win-2024`) turn only at the joints; what was made at random turns all the time.
    let turns = turns.saturating_sub(2 * joints + 1);
    digits >= 2 && upper + lower >= 2 && turns * 8 >= text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_one_of_many_is_told_from_names_of_resources() {
        for (shape, texts) in [
            (Shape::Integer, &["17", "-3", "20240517"][..]),
            (Shape::Number, &["1.5", "-0.25"]),
            (Shape::Uuid, &["0198C0DE-0000-7000-8000-000000000001"]),
            (Shape::Date, &["2024-05-17", "2024-05-17T10:00:00Z", "2024-05-17T10%3A00"]),
            (Shape::Email, &["a.b@shop.example", "a%40shop.example"]),
            (Shape::Hex, &["507f1f77bcf86cd799439011", "deadbeefdeadbeef", "0x1234abcd"]),
            (
                Shape::Token,
                &[
                    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP",
                    "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                    "cjld2cjxh0000qzrmn831i7rn",
                    "dGhpcyBpcyBhIHRlc3Q0Mg==",
                ],
            ),
            (Shape::Boolean, &["true"]),
            (
                Shape::Text,
                &[
                    "",
                    "users",
                    "v1",
                    "v2beta1",
                    "oauth2",
                    "deadbeef",
                    "facade",
                    "how-to-win-friends-in-2024",
                    "application.properties",
                    "UserProfileSettingsController",
                    "a@b",
                    "1.2.3",
                    "@",
                    "-",
                    "internationalization",
                    "2024-05-17-release-notes",
                ],
            ),
        ] {
            for text in texts {
                assert_eq!(Shape::of(text.as_bytes()), shape, "{text}");
            }
        }
    }
}
