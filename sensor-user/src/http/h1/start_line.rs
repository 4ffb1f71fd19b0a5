//! What tells a message's first line from anything else, for connections and for places after lost bytes.

/// Longest method we take for one; the longest registered is `BASELINE-CONTROL`.
const MAX_METHOD: usize = 32;

/// Whether the bytes begin with a request line (RFC 9112 section 3); `None` where more are needed to tell.
///
/// The version is demanded, because without it every line of text would be a request of HTTP/0.9; only the plainest
/// form of that is taken, which servers still answer and attackers could hide behind.
pub(in crate::http) fn is_request(bytes: &[u8]) -> Option<bool> {
    let bytes = without_empty_lines(bytes);
    let method_len = bytes.iter().take(MAX_METHOD + 1).take_while(|byte| is_token(**byte)).count();
    match bytes.get(method_len) {
        None if method_len <= MAX_METHOD => return None,
        Some(b' ' | b'\t') if (1..=MAX_METHOD).contains(&method_len) => {}
        _ => return Some(false),
    }
    let line_end = memchr::memchr(b'\n', bytes)?;
    let line = bytes.get(..line_end).unwrap_or_default().trim_ascii_end();
    let version = line.rsplit(|byte| matches!(byte, b' ' | b'\t')).next().unwrap_or_default();
    Some(is_version(version) || is_version_0_9(line))
}

/// `GET /path` and nothing else.
pub(super) fn is_version_0_9(line: &[u8]) -> bool {
    line.strip_prefix(b"GET /").is_some_and(|path| path.iter().all(u8::is_ascii_graphic))
}

/// Whether the bytes begin with a status line (RFC 9112 section 4); `None` where more are needed to tell.
pub(in crate::http) fn is_response(bytes: &[u8]) -> Option<bool> {
    const START: &[u8] = b"HTTP/";
    let bytes = without_empty_lines(bytes);
    let shared = bytes.len().min(START.len());
    if !bytes.get(..shared).unwrap_or_default().eq_ignore_ascii_case(START.get(..shared).unwrap_or_default())
    {
        return Some(false);
    }
    Some(
        bytes.get(START.len())?.is_ascii_digit()
            && bytes.get(START.len() + 1).is_none_or(|byte| *byte == b'.'),
    )
}

/// `HTTP/1.x` in any case.
fn is_version(token: &[u8]) -> bool {
    is_any_version(token) && token.get(5) == Some(&b'1')
}

/// `HTTP/x.y` in any case: clients take what a server claims for HTTP/1.
pub(super) fn is_any_version(token: &[u8]) -> bool {
    token.len() >= 8 && token.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))
}

/// RFC 9112 section 2.2: a receiver ignores an empty line before a message.
pub(super) fn without_empty_lines(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_request_lines_count() {
        assert_eq!(is_request(b"GET / HTTP/1.1\r\n"), Some(true));
        assert_eq!(is_request(b"\r\nFOO-BAR /x http/1.0\n"), Some(true));
        assert_eq!(is_request(b"GET / HTTP/1"), None);
        assert_eq!(is_request(b"G"), None);
        assert_eq!(is_request(b"GET /\r\n"), Some(true));
        assert_eq!(is_request(b"GET x\r\n"), Some(false));
        assert_eq!(is_request(b"INVITE sip:a@b SIP/2.0\r\n"), Some(false));
        assert_eq!(is_request(b"\x16\x03\x01"), Some(false));
        assert_eq!(is_request(&[b'A'; 200]), Some(false));
    }

    #[test]
    fn a_status_line_shows_itself_by_its_version() {
        assert_eq!(is_response(b"HTTP/1.1 200 OK\r\n"), Some(true));
        assert_eq!(is_response(b"HTT"), None);
        assert_eq!(is_response(b"HTTPS"), Some(false));
    }
}
