//! What is sensitive by form and checksum: personal numbers, keys, tokens. Its shape and its end stay.

use std::borrow::Cow;

use portcullis_detection::{SensitiveKind, sensitive_data};

use super::HIDDEN;

/// Characters of a token that name its issuer: `ghp_`, `AKIA`.
const ISSUER: usize = 4;
const PEM_END: &[u8] = b"-----END";

/// Hides every personal number, key and token of a text. Addresses of people stay: events are about them.
pub(super) fn mask(text: &[u8]) -> Cow<'_, [u8]> {
    let found = sensitive_data(text);
    let mut masked = Vec::new();
    let mut copied = 0;
    for place in found.iter().filter(|place| place.kind != SensitiveKind::Email) {
        if place.range.start < copied {
            continue;
        }
        let Some(value) = text.get(place.range.clone()) else { continue };
        masked.extend_from_slice(text.get(copied..place.range.start).unwrap_or_default());
        masked.extend_from_slice(&value_of(place.kind, value));
        copied = place.range.end;
        if place.kind == SensitiveKind::PrivateKey {
            let rest = text.get(copied..).unwrap_or_default();
            copied += memchr::memmem::find(rest, PEM_END).unwrap_or(rest.len());
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked.extend_from_slice(text.get(copied..).unwrap_or_default());
    Cow::Owned(masked)
}

/// One value that is known to be sensitive.
pub(super) fn value_of(kind: SensitiveKind, value: &[u8]) -> Vec<u8> {
    match kind {
        SensitiveKind::PrivateKey => [b"-----BEGIN PRIVATE KEY-----".as_slice(), HIDDEN.as_bytes()].concat(),
        SensitiveKind::AccessToken => [value.get(..ISSUER).unwrap_or_default(), HIDDEN.as_bytes()].concat(),
        SensitiveKind::Card | SensitiveKind::Iban => starred(value, 4),
        SensitiveKind::Email => value.to_vec(),
        _ => starred(value, 2),
    }
}

/// Stars for all but the last few letters and digits; separators and length stay.
fn starred(value: &[u8], kept: usize) -> Vec<u8> {
    let mut left = value.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    let star = |byte: &u8| {
        if !byte.is_ascii_alphanumeric() {
            return *byte;
        }
        left -= 1;
        if left < kept { *byte } else { b'*' }
    };
    value.iter().map(star).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(mask(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn numbers_keep_their_end_and_tokens_their_issuer() {
        assert_eq!(masked(r#"{"iban":"DE89370400440532013000"}"#), r#"{"iban":"******************3000"}"#);
        assert_eq!(masked("ssn 536-90-4399."), "ssn ***-**-**99.");
        assert_eq!(masked("k=AKIAQ3EGRIWZ7TPLM2XA;"), "k=AKIA***;");
        assert_eq!(masked("a@mail.test"), "a@mail.test");
    }

    #[test]
    fn a_private_key_goes_as_a_whole_also_where_it_was_cut() {
        let key = "x -----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\ny";
        assert_eq!(masked(key), "x -----BEGIN PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\ny");
        assert_eq!(masked("-----BEGIN PRIVATE KEY-----\nMIIE"), "-----BEGIN PRIVATE KEY-----***");
    }
}
