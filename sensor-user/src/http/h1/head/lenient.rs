use std::borrow::Cow;

use portcullis_exchange::{Fact, Facts, Headers, HeadersBuilder, Protocol};

use super::{RequestHead, ResponseHead};
use crate::http::h1::start_line::{is_any_version, is_token, request_line};

/// Reads a request head as the most tolerant servers do.
pub(super) fn request(bytes: &[u8], facts: &mut Facts) -> Option<RequestHead> {
    let mut lines = Lines(bytes);
    let line = lines.next()?;
    let parts = request_line(line)?;
    let is_three_words = line.split(|byte| *byte == b' ').count() == 3 && !line.contains(&b'\t');
    if parts.version.is_some() && !is_three_words {
        facts.insert(Fact::InvalidStartLine);
    }
    Some(RequestHead {
        method: String::from_utf8_lossy(parts.method).into_owned(),
        target: parts.target.to_vec(),
        protocol: parts.version.map_or(Protocol::Http09, |version| protocol(version, facts)),
        headers: fields(lines, facts),
        facts: *facts,
    })
}

/// Reads a response head as the most tolerant clients do. A status is the first digits in its place, up to three.
pub(super) fn response(bytes: &[u8], facts: &mut Facts) -> Option<ResponseHead> {
    let mut lines = Lines(bytes);
    let line = lines.next()?;
    if line.first().is_some_and(u8::is_ascii_whitespace) {
        facts.insert(Fact::InvalidStartLine);
    }
    let line = line.trim_ascii();
    let mut parts = line.splitn(2, |byte| matches!(byte, b' ' | b'\t'));
    let version = parts.next()?;
    let rest = parts.next().unwrap_or_default().trim_ascii();
    if !is_any_version(version) {
        return None;
    }
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit());
    let status = digits.clone().fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    let word_end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t'));
    match (digits.count(), word_end.unwrap_or(rest.len())) {
        (0, _) => return None,
        (3, 3) => {}
        _ => facts.insert(Fact::InvalidStartLine),
    }
    let reason = word_end.and_then(|at| rest.get(at..));
    Some(ResponseHead {
        status,
        reason: reason.unwrap_or_default().trim_ascii().to_vec(),
        protocol: protocol(version, facts),
        headers: fields(lines, facts),
        facts: *facts,
    })
}

/// Trailer fields (RFC 9112 section 7.1.2), their last empty line or not.
pub(super) fn trailers(bytes: &[u8], facts: &mut Facts) -> Headers {
    fields(Lines(bytes), facts)
}

fn protocol(version: &[u8], facts: &mut Facts) -> Protocol {
    if !matches!(version, b"HTTP/1.0" | b"HTTP/1.1") {
        facts.insert(Fact::UnusualVersion);
    }
    if version.get(7..) == Some(b"0") { Protocol::Http10 } else { Protocol::Http11 }
}

/// Field lines. Folded ones are joined before they are looked at (RFC 9112 section 5.2), so that a colon may stand in the
/// second. A line without a colon is kept as a name, so that detection sees it.
fn fields(lines: Lines<'_>, facts: &mut Facts) -> Headers {
    let mut builder = Headers::builder();
    let mut current: Option<Cow<'_, [u8]>> = None;
    for line in lines {
        if line.is_empty() {
            break;
        }
        let is_folded = matches!(line, [b' ' | b'\t', ..]);
        match &mut current {
            Some(field) if is_folded => {
                facts.insert(Fact::ObsoleteFolding);
                let field = field.to_mut();
                field.push(b' ');
                field.extend_from_slice(line.trim_ascii());
            }
            _ => {
                if is_folded {
                    facts.insert(Fact::SpaceBeforeFirstField);
                }
                if let Some(field) = current.replace(Cow::Borrowed(line)) {
                    push(&mut builder, &field, facts);
                }
            }
        }
    }
    if let Some(field) = current {
        push(&mut builder, &field, facts);
    }
    builder.build()
}

/// White space before the colon is passed over, as RFC 9112 section 5.1 has a proxy do it with responses.
fn push(builder: &mut HeadersBuilder, field: &[u8], facts: &mut Facts) {
    let colon = memchr::memchr(b':', field);
    let (name, value) = field.split_at(colon.unwrap_or(field.len()));
    if colon.is_some() && name.trim_ascii_end().len() < name.len() {
        facts.insert(Fact::SpaceBeforeColon);
    }
    let name = name.trim_ascii();
    if colon.is_none() || name.is_empty() || !name.iter().copied().all(is_token) {
        facts.insert(Fact::InvalidFieldName);
    }
    builder.push(name, value.strip_prefix(b":").unwrap_or(value).trim_ascii());
}

/// Lines without their ends, CRLF or bare LF.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', self.0).unwrap_or(self.0.len());
        let line = self.0.get(..end).unwrap_or_default();
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
