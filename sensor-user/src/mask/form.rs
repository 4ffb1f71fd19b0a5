use percent_encoding::percent_decode;

use super::HIDDEN;

/// `a=1&password=x` → `a=1&password=***`. Names are compared decoded and written as they came.
pub(super) fn mask(query: &[u8], is_secret: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut masked = Vec::with_capacity(query.len());
    for (nth, field) in query.split(|byte| *byte == b'&').enumerate() {
        if nth > 0 {
            masked.push(b'&');
        }
        let equals = field.iter().position(|byte| *byte == b'=').unwrap_or(field.len());
        let (name, value) = field.split_at_checked(equals).unwrap_or((field, &[]));
        masked.extend_from_slice(name);
        if value.len() > 1 && is_secret(&percent_decode(name).collect::<Vec<_>>()) {
            masked.push(b'=');
            masked.extend_from_slice(HIDDEN.as_bytes());
        } else {
            masked.extend_from_slice(value);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_queries_come_back_as_they_were() {
        for query in ["", "&", "a", "a=", "password", "password=", "=x", "a=b=c&&d"] {
            assert_eq!(
                mask(query.as_bytes(), super::super::names::is_sensitive_field),
                query.as_bytes(),
                "{query}"
            );
        }
    }
}
