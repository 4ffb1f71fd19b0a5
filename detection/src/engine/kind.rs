//! What a value looks like: `datatype` and `valuetype`.

use std::{net::IpAddr, str};

use crate::policy::{DataType, ValueType};

pub(super) fn data_type(bytes: &[u8]) -> DataType {
    match str::from_utf8(bytes.trim_ascii()) {
        Ok("true" | "false") => DataType::Boolean,
        Ok(text) if text.parse::<f64>().is_ok_and(f64::is_finite) => DataType::Number,
        _ => DataType::Text,
    }
}

pub(super) fn looks_like(bytes: &[u8], wanted: ValueType) -> bool {
    let Ok(text) = str::from_utf8(bytes.trim_ascii()) else { return wanted == ValueType::Text };
    match wanted {
        ValueType::Text => data_type(bytes) == DataType::Text,
        ValueType::Number => data_type(bytes) == DataType::Number,
        ValueType::Boolean => data_type(bytes) == DataType::Boolean,
        ValueType::Integer => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }
        ValueType::Uuid => is_uuid(text),
        ValueType::Email => is_email(text),
        ValueType::Ip => text.parse::<IpAddr>().is_ok(),
        ValueType::Url => {
            let host = text.split_once("://").filter(|(scheme, _)| is_scheme(scheme)).map(|(_, rest)| rest);
            host.is_some_and(|host| {
                host.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'[')
            }) && !text.contains(char::is_whitespace)
        }
        ValueType::Date => is_date(text),
        ValueType::Jwt => find_jwt(text.as_bytes()).is_some_and(|at| at.len() == text.len()),
        ValueType::Hex => text.len() >= 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit()),
    }
}

/// Three base64url parts, the first of which opens a JSON object (RFC 7519 section 3.1).
pub(super) fn find_jwt(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    memchr::memmem::find_iter(bytes, b"eyJ").find_map(|start| {
        let rest = bytes.get(start..)?;
        let mut at = 0;
        for least in [4, 4, 0] {
            let part = rest.get(at..)?.iter().take_while(|byte| is_part(byte)).count();
            at += part;
            // An unsigned token (RFC 7519 section 6) ends in an empty part.
            if part < least || least > 0 && rest.get(at) != Some(&b'.') {
                return None;
            }
            at += usize::from(least > 0);
        }
        Some(start..start + at)
    })
}

/// RFC 9562 section 4.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && local.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&byte))
        && domain.split_once('.').is_some_and(|(first, rest)| !first.is_empty() && !rest.is_empty())
        && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
}

/// RFC 3986 section 3.1.
fn is_scheme(text: &str) -> bool {
    text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// `2026-11-22`, alone or with a time behind it (RFC 3339 section 5.6).
fn is_date(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let shaped = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let in_range = |range: std::ops::Range<usize>, most: u8| {
        date.get(range).and_then(|part| part.parse().ok()).is_some_and(|part: u8| (1..=most).contains(&part))
    };
    shaped
        && in_range(5..7, 12)
        && in_range(8..10, 31)
        && (rest.is_empty()
            || matches!(rest.as_bytes(), [b'T' | b't' | b' ', digit, ..] if digit.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_knows_its_own() {
        for (text, kind) in [
            ("Anna", ValueType::Text),
            ("41.5", ValueType::Number),
            ("-41", ValueType::Integer),
            ("true", ValueType::Boolean),
            ("550e8400-e29b-41d4-a716-446655440000", ValueType::Uuid),
            ("a.b+c@mail.example", ValueType::Email),
            ("2001:db8::1", ValueType::Ip),
            ("https://api.example/x?y=1", ValueType::Url),
            ("2026-11-22T10:00:00Z", ValueType::Date),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", ValueType::Jwt),
            ("deadBEEF01", ValueType::Hex),
        ] {
            assert!(looks_like(text.as_bytes(), kind), "{text} is {}", kind.name());
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for (text, kind) in [
            ("41", ValueType::Text),
            ("4.1", ValueType::Integer),
            ("550e8400-e29b-41d4-a716-44665544000g", ValueType::Uuid),
            ("a@b", ValueType::Email),
            ("999.1.1.1", ValueType::Ip),
            ("see https://api.example", ValueType::Url),
            ("2026-13-22", ValueType::Date),
            ("eyJhbGciOiJub25lIn0", ValueType::Jwt),
            ("beef", ValueType::Hex),
        ] {
            assert!(!looks_like(text.as_bytes(), kind), "{text} is no {}", kind.name());
        }
    }
}
