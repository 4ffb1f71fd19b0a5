//! What tells a message's first line from anything else, for connections and for places after lost bytes.

/// Longest method we take for one. The longest registered is `BASELINE-CONTROL`, but servers that pass over what they do
/// not know take far longer ones, behind which nothing may hide.
const MAX_METHOD: usize = 1 << 10;

/// White space before a status line; what has more of it is something else.
const MAX_WHITE_SPACE: usize = 1 << 10;

/// The parts of a request line (RFC 9112 section 3).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    /// All between method and version, spaces too: servers that do not refuse those differ on where it ends.
    pub(super) target: &'a [u8],
    /// `None` in HTTP/0.9.
    pub(super) version: Option<&'a [u8]>,
}

/// Methods that are believed where a line lacks the version, as servers that still speak HTTP/0.9 do.
const WITHOUT_VERSION: [&[u8]; 9] =
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT"];

/// Reads a line without its end. The version is demanded, because without it every line of text would be a request of
/// HTTP/0.9; of that only the plainest form is taken, which attackers could hide behind.
pub(super) fn request_line(line: &[u8]) -> Option<RequestLine<'_>> {
    let method_len = line.iter().take(MAX_METHOD + 1).take_while(|byte| is_token(**byte)).count();
    if !(1..=MAX_METHOD).contains(&method_len) || !matches!(line.get(method_len), Some(b' ' | b'\t')) {
        return None;
    }
    let (method, rest) = line.split_at_checked(method_len)?;
    let rest = rest.trim_ascii();
    let last = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t'));
    let (target, version) =
        last.map_or((rest, None), |at| (rest.get(..at).unwrap_or_default(), rest.get(at + 1..)));
    match version {
        Some(version) if is_version(version) => {
            Some(RequestLine { method, target: target.trim_ascii(), version: Some(version) })
        }
        // Where the target is missing, the version stands in its place.
        None if is_version(rest) => Some(RequestLine { method, target: rest, version: Some(rest) }),
        None if is_plain_path(rest) && WITHOUT_VERSION.contains(&method) => {
            Some(RequestLine { method, target: rest, version: None })
        }
        _ => None,
    }
}

/// Whether the bytes begin with a request line; `None` where more are needed to tell.
pub(in crate::http) fn is_request(bytes: &[u8]) -> Option<bool> {
    let bytes = without_empty_lines(bytes);
    let method_len = bytes.iter().take(MAX_METHOD + 1).take_while(|byte| is_token(**byte)).count();
    match bytes.get(method_len) {
        None if method_len <= MAX_METHOD => return None,
        Some(b' ' | b'\t') if (1..=MAX_METHOD).contains(&method_len) => {}
        _ => return Some(false),
    }
    let line_end = memchr::memchr(b'\n', bytes)?;
    Some(request_line(bytes.get(..line_end).unwrap_or_default()).is_some())
}

/// Whether the bytes begin with a status line (RFC 9112 section 4); `None` where more are needed to tell.
pub(in crate::http) fn is_response(bytes: &[u8]) -> Option<bool> {
    const START: &[u8] = b"HTTP/";
    // Browsers pass over white space here.
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    if start > MAX_WHITE_SPACE {
        return Some(false);
    }
    let bytes = bytes.get(start..).unwrap_or_default();
    let shared = bytes.len().min(START.len());
    if !bytes.get(..shared).unwrap_or_default().eq_ignore_ascii_case(START.get(..shared).unwrap_or_default())
    {
        return Some(false);
    }
    Some(bytes.get(START.len())?.is_ascii_digit() && *bytes.get(START.len() + 1)? == b'.')
}

/// `/path` and nothing else.
fn is_plain_path(target: &[u8]) -> bool {
    target.first() == Some(&b'/') && target.iter().all(u8::is_ascii_graphic)
}

/// `HTTP/1.x` in any case, cut short or not.
fn is_version(token: &[u8]) -> bool {
    token.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/1"))
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
        assert_eq!(is_request(b"RETR /x\r\n"), Some(false));
        assert_eq!(is_request(b"DELETE /x\r\n"), Some(true));
        assert_eq!(is_request(b"GET / HTTP/1.\r\n"), Some(true));
        assert_eq!(is_request(b"INVITE sip:a@b SIP/2.0\r\n"), Some(false));
        assert_eq!(is_request(b"\x16\x03\x01"), Some(false));
        assert_eq!(is_request(&[b'A'; MAX_METHOD]), None);
        assert_eq!(is_request(&[b'A'; MAX_METHOD + 1]), Some(false));
        assert_eq!(is_request(&[&[b'A'; MAX_METHOD][..], b" / HTTP/1.1\r\n"].concat()), Some(true));
    }

    #[test]
    fn a_line_with_too_many_or_too_few_words_is_read_by_its_ends() {
        let parts = |line| {
            let RequestLine { method, target, version } = request_line(line).unwrap();
            (method, target, version)
        };
        assert_eq!(parts(b"GET /a b HTTP/1.1"), (&b"GET"[..], &b"/a b"[..], Some(&b"HTTP/1.1"[..])));
        assert_eq!(parts(b"GET HTTP/1.1"), (&b"GET"[..], &b"HTTP/1.1"[..], Some(&b"HTTP/1.1"[..])));
        assert_eq!(parts(b"GET /HTTP/1.1"), (&b"GET"[..], &b"/HTTP/1.1"[..], None));
        assert_eq!(parts(b"GET\t/  HTTP/1.0 "), (&b"GET"[..], &b"/"[..], Some(&b"HTTP/1.0"[..])));
    }

    #[test]
    fn a_status_line_shows_itself_by_its_version() {
        assert_eq!(is_response(b"HTTP/1.1 200 OK\r\n"), Some(true));
        assert_eq!(is_response(b" \r\nhttp/2.0 200"), Some(true));
        assert_eq!(is_response(b"HTT"), None);
        assert_eq!(is_response(b"HTTPS"), Some(false));
    }
}
