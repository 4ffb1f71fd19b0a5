use super::Case;
use crate::Match;

const MAX_LINES: usize = 16;
const MAX_PHRASE: usize = 160;

/// A line that was sent as a part of a value and came back as a header field of its own, name and value.
pub(super) fn find(case: &Case<'_, '_>) -> Option<Match> {
    let headers = &case.answer.response()?.headers;
    case.values().find_map(|(_, value)| {
        if !value.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return None;
        }
        let lines = value.split(|byte| matches!(byte, b'\r' | b'\n')).skip(1).take(MAX_LINES);
        lines.filter_map(field).find_map(|(name, sent)| {
            let came = headers.all(name).find(|came| came.starts_with(sent))?;
            Some(Match {
                location: format!("response.header.{}", name.to_ascii_lowercase()),
                start: 0,
                end: sent.len(),
                phrase: String::from_utf8_lossy(came.get(..MAX_PHRASE).unwrap_or(came)).into_owned(),
                detector: "header-injected".to_owned(),
            })
        })
    })
}

/// `name: value` (RFC 9110 section 5), where neither is empty.
fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    let (name, value) = line.split_at_checked(colon)?;
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let name = std::str::from_utf8(name.trim_ascii()).ok()?;
    let value = value.get(1..)?.trim_ascii();
    // What servers send anyway proves nothing.
    let usual = ["date", "server", "connection", "content-length"];
    let telling = !name.is_empty()
        && name.bytes().all(|byte| is_token(&byte))
        && value.len() >= 2
        && !usual.iter().any(|usual| name.eq_ignore_ascii_case(usual));
    telling.then_some((name, value))
}
