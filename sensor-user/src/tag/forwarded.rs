use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use portcullis_exchange::Headers;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED: &str = "forwarded";

/// Which header the trusted proxies write.
///
/// It matters where a client sends the other one: a proxy passes on what it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, which nearly every proxy appends to; `Forwarded` only where it is absent.
    #[default]
    Auto,
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

/// The hops of a request from the nearest to the furthest; `None` is one that names no address.
pub(super) struct Hops<'a> {
    /// Field values, the last of the wire on top.
    fields: Vec<&'a [u8]>,
    /// What is left of the field being read.
    rest: Option<&'a [u8]>,
    standard: bool,
}

impl<'a> Hops<'a> {
    pub(super) fn of(headers: &'a Headers, header: ForwardedHeader) -> Self {
        let standard = match header {
            ForwardedHeader::Auto => headers.get(X_FORWARDED_FOR).is_none(),
            ForwardedHeader::XForwardedFor => false,
            ForwardedHeader::Forwarded => true,
        };
        let name = if standard { FORWARDED } else { X_FORWARDED_FOR };
        Self { fields: headers.all(name).collect(), rest: None, standard }
    }

    /// The last element not yet read, without the empty ones that RFC 9110 section 5.6.1.2 says to skip.
    fn element(&mut self) -> Option<&'a [u8]> {
        loop {
            let value = match self.rest.take() {
                Some(rest) => rest,
                None => self.fields.pop()?,
            };
            let comma = if self.standard {
                last_unquoted(value, b',')
            } else {
                value.iter().rposition(|byte| *byte == b',')
            };
            let (left, element) = split_around(value, comma);
            self.rest = left;
            let element = element.trim_ascii();
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

impl Iterator for Hops<'_> {
    type Item = Option<IpAddr>;

    fn next(&mut self) -> Option<Self::Item> {
        let element = self.element()?;
        Some(if self.standard { forwarded_for(element).and_then(address) } else { address(element) })
    }
}

/// The `for` parameter of one forwarded-element (RFC 7239 section 4), unquoted.
fn forwarded_for(element: &[u8]) -> Option<&[u8]> {
    let mut rest = Some(element);
    while let Some(value) = rest {
        let (left, pair) = split_around(value, last_unquoted(value, b';'));
        rest = left;
        let equals = pair.iter().position(|byte| *byte == b'=');
        let (Some(name), value) = split_around(pair, equals) else { continue };
        if name.trim_ascii().eq_ignore_ascii_case(b"for") {
            let value = value.trim_ascii();
            return Some(
                value.strip_prefix(b"\"").and_then(|open| open.strip_suffix(b"\"")).unwrap_or(value),
            );
        }
    }
    None
}

/// An address with or without a port; IPv6 in brackets where it has one. Anything else names nobody.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let plain = text.parse::<IpAddr>().ok().or_else(bracketed);
    let address = plain.or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))?;
    Some(address.to_canonical())
}

/// The last `separator` outside quotes, counted from the right: an open quote that a client wrote further left
/// cannot swallow what the proxy appended after it.
fn last_unquoted(value: &[u8], separator: u8) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in value.iter().enumerate().rev() {
        match *byte {
            b'"' => quoted = !quoted,
            byte if byte == separator && !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// What stands left of the byte at `at`, and what stands right of it; all is right where there is none.
fn split_around(value: &[u8], at: Option<usize>) -> (Option<&[u8]>, &[u8]) {
    match at.and_then(|at| value.split_at_checked(at)) {
        Some((left, right)) => (Some(left), right.get(1..).unwrap_or_default()),
        None => (None, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_with_ports_brackets_or_neither() {
        let some = |text: &str| address(text.as_bytes()).map(|address| address.to_string());
        assert_eq!(some("192.0.2.7"), Some("192.0.2.7".into()));
        assert_eq!(some("192.0.2.7:80"), Some("192.0.2.7".into()));
        assert_eq!(some("2001:db8::1"), Some("2001:db8::1".into()));
        assert_eq!(some("[2001:db8::1]"), Some("2001:db8::1".into()));
        assert_eq!(some("[2001:db8::1]:80"), Some("2001:db8::1".into()));
        for bad in ["unknown", "_hidden", "192.0.2.300", "fe80::1%eth0", "192.0.2.7:99999", "", "a.test"] {
            assert_eq!(some(bad), None, "{bad}");
        }
    }
}
