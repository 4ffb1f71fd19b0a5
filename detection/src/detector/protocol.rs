//! Requests that no honest client writes: what HTTP and media types forbid, and encodings that only hide.

use portcullis_exchange::Request;

/// Ranges that a client may want at once; more make a server build its answer many times over (RFC 9110 section 14.2).
const MAX_RANGES: usize = 5;
const MAX_NAME: usize = 100;
const MAX_PARAMETERS: usize = 255;
/// Needless escapes of letters and digits in a row; two may stand in an identifier by chance.
const NEEDLESS: usize = 4;

/// What is wrong.
pub(super) fn violation(request: &Request) -> Option<String> {
    let found =
        target(request).or_else(|| ranges(request)).or_else(|| media_type(request)).or_else(|| form(request));
    found.map(str::to_owned)
}

fn target(request: &Request) -> Option<&'static str> {
    let target = &request.target;
    if !target.is_empty()
        && !matches!(target.first(), Some(b'/' | b'*'))
        && !request.method.eq_ignore_ascii_case("connect")
    {
        let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
        if !lower.starts_with(b"http://") && !lower.starts_with(b"https://") {
            return Some("a target that is neither a path nor a URL");
        }
    }
    if !request.method.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        || request.method.len() > 20
    {
        return Some("a method that none is");
    }
    if !METHODS.iter().any(|known| request.method.eq_ignore_ascii_case(known)) {
        return Some("a method that no registry knows");
    }
    if elsewhere(request) {
        return Some("a target on another host");
    }
    let parameters = request.query().unwrap_or_default();
    if memchr::memmem::find(parameters, b"unix:").is_some()
        && memchr::memmem::find(parameters, b"|http").is_some()
    {
        return Some("a proxy target in the query");
    }
    escapes(target).or_else(|| pairs(parameters))
}

/// An absolute target whose authority is not the Host header's: somebody looks for an open proxy (RFC 9112 section 3.2.2).
fn elsewhere(request: &Request) -> bool {
    let Some(at) = memchr::memmem::find(&request.target, b"://").filter(|at| *at <= 5) else { return false };
    let rest = request.target.get(at + 3..).unwrap_or_default();
    let authority = rest.split(|byte| matches!(byte, b'/' | b'?')).next().unwrap_or_default();
    let plain =
        |name: &[u8]| name.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
    request.headers.get("host").is_some_and(|host| plain(host.trim_ascii()) != plain(authority))
}

/// The IANA registry, and what caches and HTTP APIs have added to it.
const METHODS: [&str; 44] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "UNBIND",
    "REBIND",
    "CHECKIN",
    "CHECKOUT",
    "UNCHECKOUT",
    "LABEL",
    "LINK",
    "UNLINK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "ORDERPATCH",
    "PRI",
    "REPORT",
    "SEARCH",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "PURGE",
    "BAN",
    "LIST",
    "SOURCE",
];

fn pairs(form: &[u8]) -> Option<&'static str> {
    let mut count = 0;
    for pair in form.split(|byte| *byte == b'&') {
        count += 1;
        let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        let value = pair.get(name.len() + 1..).unwrap_or_default();
        let word = name.len() > MAX_NAME && name.iter().all(|byte| byte.is_ascii_alphanumeric());
        if word && pair.len() > name.len() {
            return Some("a parameter name without end");
        }
        // In a query it is not a browser's form that asks for another method.
        if name == b"_method" && !value.is_empty() && value.iter().all(u8::is_ascii_alphabetic) {
            return Some("a method that takes the place of the real one");
        }
    }
    (count > MAX_PARAMETERS).then_some("more parameters than a form has")
}

fn escapes(bytes: &[u8]) -> Option<&'static str> {
    let digits = |at: usize| {
        let digits = std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
        u8::from_str_radix(digits, 16).ok()
    };
    let (mut at, mut needless, mut row_end) = (0, 0, 0);
    while let Some(next) = bytes.get(at..).and_then(|rest| memchr::memchr(b'%', rest)) {
        at += next;
        match (digits(at), bytes.get(at + 1)) {
            (Some(0), _) => return Some("a NUL byte"),
            (Some(0xc0 | 0xc1 | 0xf5..), _) => return Some("bytes that UTF-8 has no use for"),
            // A percent sign, itself escaped, in a row of them: the same again for whoever decodes twice.
            (Some(b'%'), _) if needless > 0 && row_end == at => row_end = at + 3,
            (Some(byte), _) if byte.is_ascii_alphanumeric() => {
                needless = if row_end == at { needless + 1 } else { 1 };
                row_end = at + 3;
                if needless >= NEEDLESS {
                    return Some("letters and digits written as escapes");
                }
            }
            (None, Some(b'u' | b'U'))
                if bytes.get(at + 2..at + 6).is_some_and(|four| four.iter().all(u8::is_ascii_hexdigit)) =>
            {
                return Some("an escape of two bytes, which only IIS reads");
            }
            _ => {}
        }
        at += 1;
    }
    None
}

fn ranges(request: &Request) -> Option<&'static str> {
    if request.headers.get("request-range").is_some() {
        return Some("a Request-Range header, which only attacks send");
    }
    let ranges = request.headers.get("range")?;
    if ranges.split(|byte| *byte == b',').count() > MAX_RANGES {
        return Some("many ranges of one resource");
    }
    let spans = ranges.split(|byte| *byte == b'=').nth(1)?;
    let backwards = spans.split(|byte| *byte == b',').any(|span| {
        let text = std::str::from_utf8(span).unwrap_or_default().trim();
        let (first, last) = text.split_once('-').unwrap_or_default();
        matches!((first.parse::<u64>(), last.parse::<u64>()), (Ok(first), Ok(last)) if first > last)
    });
    backwards.then_some("a range that ends before it begins")
}

fn media_type(request: &Request) -> Option<&'static str> {
    let raw = request.headers.get("content-type")?.to_ascii_lowercase();
    let text = std::str::from_utf8(&raw).ok()?.trim();
    let mut parts = text.split(';');
    let kind = parts.next().unwrap_or_default().trim();
    let (major, minor) = kind.split_once('/').unwrap_or((kind, ""));
    let token = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+*".contains(&byte))
    };
    if !(text.is_empty() || token(major) && token(minor)) {
        return Some("no media type");
    }
    let charsets: Vec<&str> = parts.clone().filter_map(|part| part.trim().strip_prefix("charset=")).collect();
    if charsets.len() > 1 {
        return Some("two character sets");
    }
    if charsets.iter().any(|set| {
        ["utf-7", "utf7", "ibm037", "cp037", "utf-32", "x-user-defined"].contains(&set.trim_matches('"'))
    }) {
        return Some("a character set that hides what is written in it");
    }
    if charsets.iter().any(|set| !is_known_charset(set.trim_matches('"').trim())) {
        return Some("a character set that none is");
    }
    if minor == "x-www-form-urlencoded" && text.contains("boundary=") {
        return Some("a boundary where there are no parts");
    }
    let multipart = major == "multipart";
    if multipart && !text.contains("boundary=") {
        return Some("a multipart body without a boundary");
    }
    let body = request.body.bytes.trim_ascii_start();
    let bodiless = request.method.eq_ignore_ascii_case("get") || request.method.eq_ignore_ascii_case("head");
    if bodiless
        && !body.is_empty()
        && (multipart || minor == "x-www-form-urlencoded" || request.method.eq_ignore_ascii_case("head"))
    {
        return Some("a form sent with a method that has none");
    }
    None
}

/// By how the names of the registry begin, and what browsers' label list adds.
fn is_known_charset(name: &str) -> bool {
    const BEGIN: [&str; 22] = [
        "utf", "iso", "us-ascii", "ascii", "ansi", "latin", "windows", "cp", "x-", "gb", "big5", "euc",
        "shift", "sjis", "ms", "koi", "mac", "tis", "ibm", "hz", "unicode", "ks_c",
    ];
    name.is_empty() || BEGIN.iter().any(|begin| name.starts_with(begin))
}

fn form(request: &Request) -> Option<&'static str> {
    let raw = request.headers.get("content-type")?.to_ascii_lowercase();
    let body = &request.body.bytes;
    if memchr::memmem::find(&raw, b"urlencoded").is_some() {
        let head = body.get(..body.len().min(1 << 16)).unwrap_or_default();
        return if matches!(head.first(), Some(b'{' | b'[' | b'<')) { None } else { escapes(head) };
    }
    if !raw.starts_with(b"multipart/") {
        return None;
    }
    let hiding =
        [&b"charset=utf-7"[..], b"charset=utf-16", b"charset=utf-32", b"charset=ibm037", b"charset=cp037"];
    if hiding.iter().any(|set| part_head_has(body, set)) {
        return Some("a part in a character set that hides what is written in it");
    }
    const MOST: usize = 128;
    memchr::memmem::find_iter(body, b"name=\"").take(MOST).find_map(|at| {
        if !in_disposition(body, at) {
            return None;
        }
        let rest = body.get(at + 6..)?;
        let end = memchr::memchr2(b'"', b'\n', rest)?;
        let name = rest.get(..end)?;
        if name == b"_charset_" {
            return Some("a part that sets the character set of the others");
        }
        // A folder has a longer name than one letter.
        let escaped = memchr::memchr_iter(b'\\', name).collect::<Vec<_>>();
        if escaped.windows(2).any(|pair| matches!(pair, [first, second] if second - first == 2)) {
            return Some("a name with letters escaped that need not be");
        }
        let after = rest.get(end + 1..end + 2).unwrap_or_default();
        let split = name.iter().any(|byte| matches!(byte, b';' | 0))
            || !matches!(after, b";" | b"\r" | b"\n" | b" " | b"");
        split.then_some("a part's name that parsers cut differently")
    })
}

/// Whether this place is in a part's `Content-Disposition` line, and not in what is sent as its content.
fn in_disposition(body: &[u8], at: usize) -> bool {
    const LONGEST: usize = 512;
    let before = body.get(at.saturating_sub(LONGEST)..at).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = before.get(start..).unwrap_or_default();
    line.get(..19).is_some_and(|name| name.eq_ignore_ascii_case(b"content-disposition"))
}

/// Whether a part's `Content-Type` line says so.
fn part_head_has(body: &[u8], wanted: &[u8]) -> bool {
    const MOST: usize = 128;
    memchr::memmem::find_iter(body, b"Content-Type:").take(MOST).any(|at| {
        let rest = body.get(at..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        line.len() < 200 && memchr::memmem::find(&line.to_ascii_lowercase(), wanted).is_some()
    })
}

#[cfg(test)]
mod tests {
    use portcullis_exchange::{Body, Headers};

    use super::*;

    fn told(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let request = Request {
            method: method.into(),
            target: target.as_bytes().to_vec(),
            headers: Headers::from_pairs(headers.iter().copied()),
            body: Body::plain(body.as_bytes().to_vec()),
            ..Request::default()
        };
        violation(&request)
    }

    #[test]
    fn what_clients_send_is_no_violation() {
        assert_eq!(told("GET", "/a%20b?q=caf%C3%A9&x=%2Fpath%3F", &[("range", "bytes=0-99")], ""), None);
        let multipart =
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a b.txt\"\r\n\r\nx\r\n--b--";
        assert_eq!(
            told("POST", "/", &[("content-type", "multipart/form-data; boundary=b")], multipart),
            None
        );
        assert_eq!(told("POST", "/", &[("content-type", "application/json; charset=utf-8")], "{}"), None);
    }

    #[test]
    fn what_hides_or_overloads_is_one() {
        assert!(told("GET", "/?q=%73%65%6c%65%63%74", &[], "").is_some());
        assert!(told("GET", "/?q=a%00", &[], "").is_some());
        assert!(told("GET", "/", &[("range", "bytes=0-1,2-3,4-5,6-7,8-9,10-11")], "").is_some());
        assert!(told("POST", "/", &[("content-type", "multipart/form-data")], "x").is_some());
        let cut = "--b\r\nContent-Disposition: form-data; name=\"a;b\"\r\n\r\nx\r\n--b--";
        assert!(told("POST", "/", &[("content-type", "multipart/form-data; boundary=b")], cut).is_some());
        assert!(told("POST", "/r?_method=DELETE", &[], "").is_some());
    }
}
