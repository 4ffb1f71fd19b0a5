const HIDDEN_VALUE: &[u8] = b"\"***\"";

/// Hides the value of every secret key, whatever its type and depth.
///
/// It reads tokens and not a tree: a body that was cut, or is no valid JSON, is masked as far as it goes, where a
/// parser would give up and leave the secrets in.
pub(super) fn mask(text: &[u8], is_secret: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(byte) = rest.first() {
        if *byte != b'"' {
            let until = rest.iter().position(|byte| *byte == b'"').unwrap_or(rest.len());
            rest = copy(rest, until, &mut masked);
            continue;
        }
        let string = rest.get(..string_len(rest)).unwrap_or_default();
        rest = copy(rest, string.len(), &mut masked);
        let Some(colon) = colon_len(rest) else { continue };
        if names_secret(string, &is_secret) {
            rest = copy(rest, colon, &mut masked);
            masked.extend_from_slice(HIDDEN_VALUE);
            rest = rest.get(value_len(rest)..).unwrap_or_default();
        }
    }
    masked
}

fn copy<'a>(rest: &'a [u8], len: usize, to: &mut Vec<u8>) -> &'a [u8] {
    let (head, tail) = rest.split_at_checked(len).unwrap_or((rest, &[]));
    to.extend_from_slice(head);
    tail
}

/// A key may be written with escapes: `"pass\u0077ord"`.
fn names_secret(string: &[u8], is_secret: impl Fn(&[u8]) -> bool) -> bool {
    if string.contains(&b'\\') {
        return serde_json::from_slice::<String>(string).is_ok_and(|key| is_secret(key.as_bytes()));
    }
    is_secret(string)
}

/// Length of the string that starts here, quotes and all; to the end where it is not closed.
fn string_len(text: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length up to the value, where a colon follows; white space around it belongs to it.
fn colon_len(text: &[u8]) -> Option<usize> {
    let colon = space_len(text);
    let after = text.get(colon..)?.strip_prefix(b":")?;
    Some(colon + 1 + space_len(after))
}

fn space_len(text: &[u8]) -> usize {
    text.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(text.len())
}

fn value_len(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_len(text),
        Some(b'{' | b'[') => nested_len(text),
        _ => text
            .iter()
            .position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace())
            .unwrap_or(text.len()),
    }
}

/// Length of the object or array that starts here; brackets inside strings do not count.
fn nested_len(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += match byte {
            b'"' => string_len(text.get(at..).unwrap_or_default()),
            _ => 1,
        };
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        String::from_utf8(mask(text.as_bytes(), super::super::names::is_sensitive_field)).unwrap()
    }

    #[test]
    fn a_secret_object_or_array_is_hidden_whole() {
        assert_eq!(masked(r#"{"token":{"a":["]","}"]},"b":1}"#), r#"{"token":"***","b":1}"#);
        assert_eq!(masked(r#"{"secret" : [1,2] , "b":1}"#), r#"{"secret" : "***" , "b":1}"#);
    }

    #[test]
    fn a_cut_document_is_masked_to_its_end() {
        assert_eq!(masked(r#"{"a":1,"password":"hunt"#), r#"{"a":1,"password":"***""#);
        assert_eq!(masked(r#"{"token":{"a":"x"#), r#"{"token":"***""#);
        assert_eq!(masked(r#"{"password""#), r#"{"password""#);
    }

    #[test]
    fn an_escaped_key_is_still_that_key() {
        assert_eq!(masked(r#"{"pass\u0077ord":"x\"y"}"#), r#"{"pass\u0077ord":"***"}"#);
    }

    #[test]
    fn a_value_that_spells_a_secret_name_hides_nothing() {
        let text = r#"{"field":"password","value":"v"}"#;
        assert_eq!(masked(text), text);
    }
}
