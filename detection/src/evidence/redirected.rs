use super::Case;
use crate::Match;

const LONGEST: usize = 2048;
const MAX_PHRASE: usize = 160;

/// The answer leads the browser to a host that a value of the request named.
pub(super) fn find(case: &Case<'_, '_>) -> Option<Match> {
    let response = case.answer.response()?;
    let own = case.request()?.host().map(|host| host.to_ascii_lowercase()).unwrap_or_default();
    let own = own.split(':').next().unwrap_or_default().to_owned();
    let hosts = || {
        let named = case.values().filter_map(|(_, value)| host(value));
        named.filter(|named| *named != own)
    };
    for (name, place) in [("location", 0), ("refresh", 1)] {
        let Some(value) = response.headers.get(name) else { continue };
        let target = if place == 0 { value } else { after_url(value) };
        let Some(to) = host(target) else { continue };
        if hosts().any(|named| named == to) {
            return Some(Match {
                location: format!("response.header.{name}"),
                start: 0,
                end: value.len(),
                phrase: String::from_utf8_lossy(value.get(..MAX_PHRASE).unwrap_or(value)).into_owned(),
                detector: "redirected".to_owned(),
            });
        }
    }
    // Servers repeat the target in the body of a redirect (RFC 9110 section 15.4); pages may lead away by themselves.
    let body = case.answer.body();
    let leads = (300..400).contains(&response.status)
        || [&b"http-equiv=\"refresh\""[..], b"location.href", b"location.replace", b"window.location"]
            .iter()
            .any(|sign| memchr::memmem::find(body, sign).is_some());
    if !leads {
        return None;
    }
    hosts().find_map(|named| {
        let start = memchr::memmem::find(body, format!("//{named}").as_bytes())?;
        Some(case.answer.matched(start..start + named.len() + 2, "redirected"))
    })
}

fn after_url(refresh: &[u8]) -> &[u8] {
    let at = memchr::memchr(b'=', refresh).map_or(refresh.len(), |at| at + 1);
    refresh.get(at..).unwrap_or_default().trim_ascii()
}

/// The host that a browser goes to: backslashes are slashes, and what stands before `@` is a name (WHATWG URL, 4.4).
fn host(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    let value = value.get(..LONGEST).unwrap_or(value);
    let is_slash = |byte: u8| matches!(byte, b'/' | b'\\');
    let start = value.windows(2).position(|pair| pair.iter().all(|byte| is_slash(*byte)))?;
    let scheme = value.get(..start)?;
    let is_scheme =
        scheme.is_empty() || scheme.eq_ignore_ascii_case(b"http:") || scheme.eq_ignore_ascii_case(b"https:");
    if !is_scheme {
        return None;
    }
    let rest = value.get(start..)?;
    let rest = rest.get(rest.iter().position(|byte| !is_slash(*byte))?..)?;
    let end = rest
        .iter()
        .position(|byte| is_slash(*byte) || matches!(byte, b'?' | b'#' | b' ' | b'"'))
        .unwrap_or(rest.len());
    let authority = rest.get(..end)?;
    let host = authority.rsplit(|byte| *byte == b'@').next()?;
    let host = host.split(|byte| *byte == b':').next()?;
    let named = host.len() >= 3 && host.contains(&b'.');
    named.then(|| String::from_utf8_lossy(host).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn hosts_are_read_as_browsers_read_them() {
        for value in
            ["//evil.test/a", "https://evil.test", "/\\evil.test?x", "https://good.test@EVIL.test:8/"]
        {
            assert_eq!(host(value.as_bytes()).as_deref(), Some("evil.test"), "{value}");
        }
        assert_eq!(host(b"/path//x"), None);
        assert_eq!(host(b"ftp://evil.test"), None);
    }
}
