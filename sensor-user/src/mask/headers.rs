use super::{HIDDEN, names};

/// The masked value of a sensitive header; `None` for every other one.
pub(super) fn mask(name: &[u8], value: &str) -> Option<String> {
    if !names::is_sensitive_header(name) && !names::is_sensitive_field(name) {
        return None;
    }
    Some(if name.eq_ignore_ascii_case(b"cookie") {
        value.split(';').map(pair).collect::<Vec<_>>().join(";")
    } else if name.eq_ignore_ascii_case(b"set-cookie") {
        set_cookie(value)
    } else {
        scheme(value)
    })
}

/// `sid=abc` → `sid=***`, white space kept.
fn pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, _)) => format!("{name}={HIDDEN}"),
        None if pair.trim().is_empty() => pair.to_owned(),
        None => HIDDEN.to_owned(),
    }
}

/// The attributes after the first `;` say how the cookie is kept, which is worth reading (RFC 6265 section 4.1).
fn set_cookie(value: &str) -> String {
    match value.split_once(';') {
        Some((cookie, attributes)) => format!("{};{attributes}", pair(cookie)),
        None => pair(value),
    }
}

/// `Bearer abc` → `Bearer ***` (RFC 9110 section 11.4: a scheme is a token); a value without a scheme goes whole.
fn scheme(value: &str) -> String {
    match value.split_once(' ') {
        Some((scheme, _)) if is_scheme(scheme) => format!("{scheme} {HIDDEN}"),
        _ => HIDDEN.to_owned(),
    }
}

/// Real schemes are short words; anything else may be the secret itself.
fn is_scheme(word: &str) -> bool {
    (1..=16).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(name: &str, value: &str) -> Option<String> {
        mask(name.as_bytes(), value)
    }

    #[test]
    fn credentials_keep_their_scheme() {
        assert_eq!(masked("Authorization", "Bearer abc.def"), Some("Bearer ***".into()));
        assert_eq!(masked("authorization", "abc"), Some("***".into()));
        assert_eq!(masked("X-Api-Key", "k-123 4"), Some("***".into()));
    }

    #[test]
    fn cookies_keep_their_names() {
        assert_eq!(masked("Cookie", "sid=abc; theme=dark"), Some("sid=***; theme=***".into()));
        assert_eq!(masked("Cookie", "abc"), Some("***".into()));
        assert_eq!(
            masked("Set-Cookie", "sid=abc=; Path=/; HttpOnly"),
            Some("sid=***; Path=/; HttpOnly".into())
        );
    }

    #[test]
    fn other_headers_are_left_to_the_text_mask() {
        assert_eq!(masked("User-Agent", "curl/8"), None);
        assert_eq!(masked("X-Client-Secret", "s"), Some("***".into()));
    }
}
