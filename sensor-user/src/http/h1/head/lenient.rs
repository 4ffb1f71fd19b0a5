use portcullis_exchange::{Fact, Facts, Headers, Protocol};

use super::{RequestHead, ResponseHead};
use crate::http::h1::start_line::{is_any_version, is_token, is_version_0_9};

/// Reads a request head as the most tolerant servers do.
pub(super) fn request(bytes: &[u8], facts: &mut Facts) -> Option<RequestHead> {
    let mut lines = Lines(bytes);
    let line = lines.next()?;
    if is_version_0_9(line) {
        let (method, target) = ("GET".to_owned(), line.get(4..)?.to_vec());
        let (protocol, headers) = (Protocol::Http10, fields(lines, facts));
        return Some(RequestHead { method, target, protocol, headers, facts: *facts });
    }
    let method_len = line.iter().take_while(|byte| is_token(**byte)).count();
    let (method, rest) = line.split_at_checked(method_len)?;
    let rest = rest.trim_ascii();
    let version_start = rest.iter().rposition(|byte| matches!(byte, b' ' | b'\t')).map_or(0, |at| at + 1);
    let (target, version) = rest.split_at_checked(version_start)?;
    if method.is_empty() || !is_any_version(version) {
        return None;
    }
    Some(RequestHead {
        method: String::from_utf8_lossy(method).into_owned(),
        target: target.trim_ascii().to_vec(),
        protocol: protocol(version),
        headers: fields(lines, facts),
        facts: *facts,
    })
}

/// Reads a response head as the most tolerant clients do.
pub(super) fn response(bytes: &[u8], facts: &mut Facts) -> Option<ResponseHead> {
    let mut lines = Lines(bytes);
    let line = lines.next()?.trim_ascii();
    let mut parts = line.splitn(2, |byte| matches!(byte, b' ' | b'\t'));
    let version = parts.next()?;
    let rest = parts.next().unwrap_or_default().trim_ascii();
    if !is_any_version(version) {
        return None;
    }
    let digits = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit());
    let status = digits.fold(0, |status, digit| status * 10 + u16::from(digit - b'0'));
    if status < 100 {
        return None;
    }
    let reason = rest.iter().position(|byte| matches!(byte, b' ' | b'\t')).and_then(|at| rest.get(at..));
    Some(ResponseHead {
        status,
        reason: reason.unwrap_or_default().trim_ascii().to_vec(),
        protocol: protocol(version),
        headers: fields(lines, facts),
        facts: *facts,
    })
}

fn protocol(version: &[u8]) -> Protocol {
    if version.get(7..) == Some(b"0") { Protocol::Http10 } else { Protocol::Http11 }
}

/// Field lines, folded ones joined (RFC 9112 section 5.2). A line without a colon is kept as a name, so that detection
/// sees it.
fn fields(lines: Lines<'_>, facts: &mut Facts) -> Headers {
    let mut builder = Headers::builder();
    let mut current: Option<(&[u8], Vec<u8>)> = None;
    for line in lines {
        if line.is_empty() {
            break;
        }
        if let ([b' ' | b'\t', ..], Some((_, value))) = (line, &mut current) {
            facts.insert(Fact::ObsoleteFolding);
            value.push(b' ');
            value.extend_from_slice(line.trim_ascii());
            continue;
        }
        if let Some((name, value)) = current.take() {
            builder.push(name, value.trim_ascii());
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let name = line.get(..colon).unwrap_or_default();
        let value = line.get(colon + 1..).unwrap_or_default();
        if name.trim_ascii_end().len() < name.len() && colon < line.len() {
            facts.insert(Fact::SpaceBeforeColon);
        }
        current = Some((name.trim_ascii(), value.trim_ascii().to_vec()));
    }
    if let Some((name, value)) = current {
        builder.push(name, value.trim_ascii());
    }
    builder.build()
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
