use std::{borrow::Cow, sync::LazyLock};

use regex::bytes::{Captures, Regex};

use super::{HIDDEN, names, sensitive};

/// `password=`, `"secret": `, `api_key: `, as settings files, GraphQL and log lines write them. Only the name and the
/// sign: the value is read by hand, so that a value which holds the next name is not skipped with it.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?-u)([A-Za-z0-9_.$/\-]{2,128})\\?["']?[ \t]{0,4}[=:][ \t]{0,4}"#).unwrap()
});

/// `<password>x<`; attributes may stand in the tag.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static ELEMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?-u)<([A-Za-z_][A-Za-z0-9_.:\-]{1,64})[^<>]{0,256}>([^<]+)<").unwrap());

/// A JSON Web Token (RFC 7519): its header starts with `{"` in base64url.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static JWT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u)\beyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}(\.[A-Za-z0-9_\-]*)?").unwrap()
});

/// 13 to 19 digits (ISO/IEC 7812), with spaces or dashes, starting as the payment networks do.
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by a test")]
static CARD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?-u)\b[2-6](?:[ \-]?[0-9]){12,18}\b").unwrap());

/// Hides assignments to secret names and values that are secrets by their look.
pub(super) fn mask(text: &[u8]) -> Vec<u8> {
    mask_values(&mask_elements(&mask_assignments(text))).into_owned()
}

/// Only what is a secret by its look, whatever stands before it: card numbers and tokens.
pub(super) fn mask_values(text: &[u8]) -> Cow<'_, [u8]> {
    let without_tokens = JWT.replace_all(text, &b"eyJ***"[..]);
    let changed = match sensitive::mask(&without_tokens) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    };
    let without_tokens = changed.map_or(without_tokens, Cow::Owned);
    match CARD.replace_all(&without_tokens, |card: &Captures<'_>| {
        mask_card(card.get(0).map_or(&[], |all| all.as_bytes()))
    }) {
        Cow::Borrowed(_) => without_tokens,
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

fn mask_assignments(text: &[u8]) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut copied = 0;
    let mut from = 0;
    while let Some(assignment) = ASSIGNMENT.captures_at(text, from) {
        let (Some(all), Some(name)) = (assignment.get(0), assignment.get(1)) else { break };
        from = all.end();
        // A path is no name: `/etc/passwd: No such file`.
        if name.as_bytes().contains(&b'/') || !names::is_sensitive_field(name.as_bytes()) {
            continue;
        }
        let value = value_len(text.get(from..).unwrap_or_default());
        if value == 0 {
            continue;
        }
        masked.extend_from_slice(text.get(copied..from).unwrap_or_default());
        masked.extend_from_slice(HIDDEN.as_bytes());
        from += value;
        copied = from;
    }
    masked.extend_from_slice(text.get(copied..).unwrap_or_default());
    masked
}

/// A quoted string with its quotes, or a word. What is hidden already is left, so that quotes stay around it.
fn value_len(text: &[u8]) -> usize {
    let quote = text.strip_prefix(b"\\").unwrap_or(text).first().filter(|byte| matches!(byte, b'"' | b'\''));
    match quote {
        Some(quote) => {
            let open = text.iter().position(|byte| byte == quote).unwrap_or_default() + 1;
            let inner = text.get(open..).unwrap_or_default();
            if inner.starts_with(HIDDEN.as_bytes()) {
                return 0;
            }
            inner.iter().position(|byte| byte == quote).map_or(text.len(), |close| open + close + 1)
        }
        None => text
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || b"&;,\"'<>{}[]()\\".contains(byte))
            .unwrap_or(text.len()),
    }
}

fn mask_elements(text: &[u8]) -> Cow<'_, [u8]> {
    ELEMENT.replace_all(text, |element: &Captures<'_>| {
        let (Some(all), Some(name), Some(value)) = (element.get(0), element.get(1), element.get(2)) else {
            return Vec::new();
        };
        let local = name.as_bytes().rsplit(|byte| *byte == b':').next().unwrap_or_default();
        if !names::is_sensitive_field(local) {
            return all.as_bytes().to_vec();
        }
        let tag = all.as_bytes().get(..value.start() - all.start()).unwrap_or_default();
        [tag, HIDDEN.as_bytes(), b"<"].concat()
    })
}

/// Stars for all but the last four digits, where the check digit is right; separators and length stay.
fn mask_card(number: &[u8]) -> Vec<u8> {
    if !passes_luhn(number) {
        return number.to_vec();
    }
    let mut left = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let star = |byte: &u8| match byte {
        digit if digit.is_ascii_digit() => {
            left -= 1;
            if left < 4 { *digit } else { b'*' }
        }
        separator => *separator,
    };
    number.iter().map(star).collect()
}

/// The check digit of ISO/IEC 7812-1 annex B.
fn passes_luhn(number: &[u8]) -> bool {
    let digits = number.iter().rev().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .enumerate()
        .map(|(nth, digit)| if nth % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(mask(text.as_bytes())).unwrap()
    }

    #[test]
    fn card_numbers_keep_their_last_four_digits_and_their_form() {
        assert_eq!(masked("pay 4111 1111 1111 1111 now"), "pay **** **** **** 1111 now");
        assert_eq!(masked("5500-0000-0000-0004"), "****-****-****-0004");
    }

    #[test]
    fn numbers_that_are_no_cards_stay() {
        for text in ["4111111111111112", "1732233600000", "id 12345", "41111111111111110000000"] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn settings_and_graphql_lose_their_secrets() {
        assert_eq!(masked("DB_HOST=db\nDB_PASSWORD=hunter2\nX=1"), "DB_HOST=db\nDB_PASSWORD=***\nX=1");
        assert_eq!(
            masked(r#"login(user: \"a\", password: \"b c\")"#),
            r#"login(user: \"a\", password: ***)"#
        );
        assert_eq!(masked("a:password=x"), "a:password=***");
    }

    #[test]
    fn xml_elements_lose_their_secrets() {
        assert_eq!(
            masked("<a><ns:password k='1'>hunter2</ns:password></a>"),
            "<a><ns:password k='1'>***</ns:password></a>"
        );
    }

    #[test]
    fn tokens_are_known_by_their_look() {
        assert_eq!(masked("x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln y"), "x eyJ*** y");
    }

    #[test]
    fn evidence_of_an_attack_stays_readable() {
        for text in ["root:x:0:0:root:/root:/bin/bash\n", "cat: /etc/passwd: No such file", "id=' or 1=1--"] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn masking_twice_changes_nothing() {
        let once = masked(r#"{"password":"***","a":"Bearer x"} token=abc <pin>1</pin>"#);
        assert_eq!(masked(&once), once);
    }
}
