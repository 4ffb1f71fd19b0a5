//! Addresses that a server is talked into fetching: SSRF, remote file inclusion and open redirects.

use std::{
    net::{IpAddr, Ipv4Addr},
    ops::Range,
    sync::LazyLock,
};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const GATES: &[&str] = &[
    "://",
    "//",
    "\\\\",
    "169.254",
    "metadata",
    "localhost",
    "127.",
    "gopher:",
    "dict:",
    "ldap:",
    "tftp:",
    "http:",
    "https:",
    "/\\",
    "\\/",
    "ftp:",
    "ftp?",
    "ftps?",
    "file?",
    "file:",
    "sftp:",
    "jar:",
    "netdoc:",
    "nip.io",
    "docker.internal",
    "ip6-",
    "kubernetes",
    "a9fe",
    "xip.io",
    "%2f",
    "www.",
    "http",
    ".com",
    "@",
];

static SSRF: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"169\.254\.169\.254|169\.254\.170\.2|metadata\.google\.internal|metadata\.(?:tencentyun|azure)|100\.100\.100\.200|\bfd00:ec2::254|instance-data[./]|192\.0\.0\.192|rancher-metadata|metadata\.packet\.net|(?:host|gateway|kubernetes)\.docker\.internal|host\.containers\.internal|^localhost(?:[46](?:\.localdomain[46]?)?/?|\.localdomain/?|/)$|ipv?6-(?:loopback|localhost)|^(?:[a-z0-9.-]+\.)?(?:lvh\.me|localtest\.me|nip\.io|containers\.internal)/?$|ip6-(?:loopback|localhost)|kubernetes\.default|0xa9fea9fe|a9fe:a9fe",
        ),
        (
            10,
            r"latest/(?:meta-data|user-data|dynamic|api/token)|computemetadata/v1|metadata/(?:v1|instance)|opc/v[12]/|openstack/latest",
        ),
        (
            10,
            r"(?:^|[\s=\x22'(,:])(?:gopher|dict|tftp|netdoc|ldaps?|sftp|jar|smb|mysql|redis|memcached?|vnc|imap|smtp|telnet|ssh|irc|local_file):/{1,2}[^\s]",
        ),
        (
            10,
            r"(?:https?|ftp):/{1,2}(?:[^/\s?#]*@)?(?:[a-z0-9.-]*\.)?(?:nip\.io|xip\.io|sslip\.io|localtest\.me|lvh\.me|lacolhost\.com|vcap\.me|localdomain\.pw|spoofed\.[a-z.]+|burpcollaborator\.net|oastify\.com|oast\.(?:pro|live|site|online|fun|me)|interact\.sh|requestbin\.[a-z]+|dnslog\.cn|ceye\.io|1u\.ms|rbndr\.us)",
        ),
        (10, r"https?://[^/\s]{1,60}(?:@|%40|\\@|#@)(?:127\.|localhost|10\.|192\.168|169\.254|\[)"),
        (10, r"https?:/{1,2}\[[0-9a-f:.]*(?:%[a-z0-9]*)?\]"),
        // An address with dots of another script, and one without a dot or a slash.
        (
            10,
            r"[0-9]{1,3}(?:\xe3\x80\x82|\xef\xbc\x8e|\xef\xbd\xa1)[0-9]{1,3}|^https?:[0-9]{8,10}/?$|^https?:/{1,2}o177\.",
        ),
        // Enclosed digits and letters (U+2460 on), which name resolution normalises (RFC 5895).
        (10, r"https?:/{1,2}[^/\s]{0,20}\xe2[\x91-\x93][\x80-\xbf]"),
    ])
});

static INCLUSION: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"^\s*(?:https?|ftps?|\\\\)[:/]{1,3}[^\s]+?\.(?:txt|php[0-9]?|phtml|inc|jpg|jpeg|gif|png|asp|dat|log|c99|cgi|pl|sh|cfm|jsp)\?{1,2}(?:[^\s=]{0,20})?$",
        ),
        (
            10,
            r"^\s*(?:https?|ftps?)://[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?/[^\s]*?\.(?:txt|php[0-9]?|phtml|inc|sh|exe|py|pl|jsp|asp|war|jar|dat)\b",
        ),
        (
            10,
            r"^\s*(?:https?|ftps?):/{1,2}[^\s/]+/[^\s]{0,120}?(?:r57|c99|shell|cmd|evil|malicious|backdoor|webshell|xpl|exploit|rfi)[a-z0-9_-]*\.?[a-z]{0,4}\?*$",
        ),
        (10, r"^\s*(?:https?|ftps?)://[^\s]+(?:\?|%3f)(?:%00|\x00)?$"),
        (10, r"^\s*(?:https?|ftps?)://[^\s]+\x00"),
        (10, r"(?:include|require)(?:_once)?[\s(]+['\x22]?(?:https?|ftp)://"),
        (10, r"^\s*url:(?:file|https?|ftp|jar):"),
        // A scheme that browsers no longer know, and one whose address the program appends.
        (
            10,
            r"^\s*(?:ftps?|file|jar|phar|ogg|rar|ssh2|expect|compress\.(?:zlib|bzip2)):(?:/|[a-z]+:)|^\s*(?:https?|ftps?|file)\?$",
        ),
        (10, r"^\s*https?://(?:[0-9a-f]{0,4}:){3,}[0-9a-f:.]*/[^\s]*\.(?:php[0-9]?|txt|sh|asp|jsp)"),
        (10, r"^\s*https?://[^\s/@]+/(?::[^\s/]*@[^\s/]*@?[a-z0-9.-]+|@[a-z0-9-]+\.[a-z]{2,4}/$)"),
    ])
});

/// Parameters whose value some servers load as a file.
const INCLUDING: &[&str] = &[
    "file", "page", "include", "inc", "path", "template", "tpl", "dir", "folder", "doc", "document", "view",
    "content", "layout", "mod", "module", "conf", "config", "theme", "style", "lang", "language", "pg",
    "root", "basepath", "abspath", "skin", "load", "read",
];

/// Names by which a service is told what to fetch. A document of JSON may well hold an address of its author's own
/// machine under another.
const FETCHING: &[&str] = &["url", "webhook", "callback", "image", "feed", "fetch", "proxy", "src"];

/// Parameters that name where the browser goes next.
const REDIRECTING: &[&str] = &[
    "url",
    "next",
    "redirect",
    "redirect_uri",
    "redirect_url",
    "redirecturl",
    "redir",
    "return",
    "returnurl",
    "return_url",
    "returnto",
    "return_to",
    "goto",
    "go",
    "target",
    "dest",
    "destination",
    "continue",
    "rurl",
    "r",
    "u",
    "to",
    "out",
    "link",
    "forward",
    "forward_url",
    "checkout_url",
    "image_url",
    "location",
    "callback",
    "callback_url",
    "jump",
    "success",
    "service",
    "view",
    "login",
    "logout",
    "host",
    "exit",
    "from",
    "ref",
    "uri",
    "page",
    "q",
    "path",
    "origin",
];

pub(super) fn request_forgery(subject: &Subject<'_>) -> Option<Range<usize>> {
    // What browsers and proxies tell of themselves.
    if matches!(subject.field.place, Place::Header)
        && subject.name_is(&["origin", "host", "x-forwarded-server", "access-control-allow-origin"])
    {
        return None;
    }
    if subject.words() <= 6
        && let Some(range) = SSRF.find(subject.lower)
    {
        return Some(range);
    }
    let url = Url::of(subject.lower)?;
    let suspicious = match url.address() {
        Some(Host::Disguised) => true,
        Some(Host::Internal) => {
            // A JSON document may well hold an address of the author's own machine; a single parameter seldom does.
            matches!(subject.field.place, Place::Query | Place::Form | Place::Xml | Place::Multipart)
                || subject.field.place == Place::Header && !subject.name_is(&["referer", "origin", "host"])
                || subject.name_is(FETCHING)
        }
        None => false,
    };
    suspicious.then_some(url.range)
}

pub(super) fn file_inclusion(subject: &Subject<'_>) -> Option<Range<usize>> {
    if !matches!(
        subject.field.place,
        Place::Query | Place::Form | Place::Json | Place::Multipart | Place::Cookie | Place::Xml
    ) || subject.words() > 2
    {
        return None;
    }
    // Documents of JSON are full of addresses.
    let documented = matches!(subject.field.place, Place::Json | Place::Xml)
        && !(subject.field.place == Place::Xml && subject.lower.starts_with(b"ftp"));
    if !documented && let Some(range) = INCLUSION.find(subject.lower) {
        return Some(range);
    }
    let url = Url::of(subject.lower)?;
    let schemed = !subject.lower.trim_ascii_start().starts_with(b"//");
    let included =
        schemed && names_file(subject) && matches!(subject.field.place, Place::Query | Place::Form);
    included.then_some(url.range)
}

/// Whether the parameter is called after what programs load: `page`, `mosConfig_absolute_path`, `_CONF[path]`.
fn names_file(subject: &Subject<'_>) -> bool {
    let name = subject.field.leaf_name().trim_end_matches(']').to_ascii_lowercase();
    let last = name.rsplit('[').next().unwrap_or_default();
    let ends = ["path", "_file", "_dir", "_root", "_include", "_inc", "template"];
    INCLUDING.contains(&last) || ends.iter().any(|end| last.ends_with(end))
}

static REDIRECT: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"^[\s\x00-\x20]*(?:/[\s\x00-\x1f]*[/\\]|\\[\s]*[/\\]|/%0[9ad]/|/{3,}|[/\\]{2,})[/\\]*[a-z0-9_@.~%\[\xe3\x80\x82-]+(?:\.|@|\xe3\x80\x82|%e3%80%82|:[0-9])[a-z0-9]",
        ),
        (10, r"^[\s]*https?:[/\\]?[a-z0-9][a-z0-9-]*\."),
        (10, r"^[\s]*https?:(?:\\|/\\|///|/[\s]*/[\s]*/|/\x09/|%0)"),
        (10, r"^[\s]*https?://[^/\s?#]{1,80}(?:[@\\;]|%40|%5c)[a-z0-9.-]+"),
        (10, r"^/+https?:|^[/\\]{2,}[;\\]+@|^https?:[a-z0-9]+[@>]|^/(?:%5c|\\)"),
        (10, r"^/+[a-z0-9.-]*(?:%0[ad9]|[\r\n\t])+/"),
        (10, r"^(?:[.;<>(){}|]|/\.|//;@|/<>|%09|%5c)[/\\]*/{2}[a-z0-9.-]+\.[a-z]{2,}"),
        (10, r"^/{2,}[^/]*/(?:%2e|\.){2}|^/{1,}[^/\s]*/{2,}[a-z0-9.-]+\.[a-z]{2,}/(?:%2f|%2e|\.\.)"),
    ])
});

pub(super) fn open_redirect(subject: &Subject<'_>) -> Option<Range<usize>> {
    let place = subject.field.place;
    if !matches!(
        place,
        Place::Path
            | Place::Query
            | Place::Form
            | Place::Json
            | Place::Cookie
            | Place::Multipart
            | Place::Xml
    ) || subject.words() > 2
        || subject.field.is_name
    {
        return None;
    }
    // A picture from elsewhere is no place to go to.
    if [".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".css", ".js", ".pdf"]
        .iter()
        .any(|extension| subject.lower.ends_with(extension.as_bytes()))
    {
        return None;
    }
    if let Some(range) =
        REDIRECT.find(subject.lower).filter(|_| place != Place::Json || subject.name_is(REDIRECTING))
    {
        return Some(range);
    }
    if place == Place::Path {
        return None;
    }
    let url = Url::of(subject.lower)?;
    let odd = url.has_user_info() || url.is_disguised();
    (odd && subject.name_is(REDIRECTING)).then_some(url.range)
}

/// The authority of a URL that begins a value.
struct Url<'a> {
    authority: &'a [u8],
    range: Range<usize>,
}

enum Host {
    /// Loopback, private or link-local, in plain writing.
    Internal,
    /// The same in a notation chosen to slip past a filter.
    Disguised,
}

impl<'a> Url<'a> {
    fn of(value: &'a [u8]) -> Option<Self> {
        let lead = value
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\''))
            .count();
        let rest = value.get(lead..)?;
        let scheme = [&b"http://"[..], b"https://", b"ftp://", b"//"]
            .into_iter()
            .find(|scheme| rest.starts_with(scheme))?;
        let after = rest.get(scheme.len()..)?;
        let end = after
            .iter()
            .position(|byte| matches!(byte, b'/' | b'?' | b'#' | b' ' | b'\\'))
            .unwrap_or(after.len());
        let authority = after.get(..end)?;
        (!authority.is_empty()).then_some(Self { authority, range: lead..lead + scheme.len() + end })
    }

    /// Whether the host is an address in a notation that only old resolvers take.
    fn is_disguised(&self) -> bool {
        let host = self.authority.split(|byte| *byte == b':').next().unwrap_or_default();
        std::str::from_utf8(host)
            .is_ok_and(|host| host.parse::<IpAddr>().is_err() && loose_ipv4(host).is_some())
    }

    fn has_user_info(&self) -> bool {
        self.authority.contains(&b'@')
    }

    fn address(&self) -> Option<Host> {
        let host = self.authority.rsplit(|byte| *byte == b'@').next()?;
        let host = match host {
            [b'[', inner @ ..] => inner.split(|byte| *byte == b']').next()?,
            host => host.split(|byte| *byte == b':').next()?,
        };
        let host = std::str::from_utf8(host).ok()?.trim_end_matches('.');
        if host == "localhost" || host.ends_with(".localhost") || host == "0" {
            return Some(Host::Internal);
        }
        if let Ok(address) = host.parse::<IpAddr>() {
            return match address {
                IpAddr::V4(address) => internal(address).then_some(Host::Internal),
                IpAddr::V6(address) => {
                    (address.is_loopback() || address.is_unspecified() || address.to_ipv4_mapped().is_some())
                        .then_some(Host::Disguised)
                }
            };
        }
        loose_ipv4(host).filter(|address| internal(*address)).map(|_| Host::Disguised)
    }
}

fn internal(address: Ipv4Addr) -> bool {
    address.is_loopback() || address.is_private() || address.is_link_local() || address.is_unspecified()
}

/// What `inet_aton` takes: fewer parts, octal and hexadecimal (`0x7f.1`, `017700000001`, `2130706433`).
fn loose_ipv4(host: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.split('.').collect();
    if parts.len() > 4 || parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    let numbers: Vec<u64> = parts
        .iter()
        .map(|part| match part.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(part, 8).ok(),
            None => part.parse().ok(),
        })
        .collect::<Option<_>>()?;
    let (last, leading) = numbers.split_last()?;
    let mut value: u64 = 0;
    for number in leading {
        value = value.checked_mul(256)?.checked_add(*number)?;
    }
    let width = 8 * (4 - leading.len());
    let value = value.checked_shl(u32::try_from(width).ok()?)?.checked_add(*last)?;
    u32::try_from(value).ok().map(Ipv4Addr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for patterns in [&SSRF, &INCLUSION, &REDIRECT] {
            LazyLock::force(patterns);
        }
    }

    #[test]
    fn addresses_in_odd_notations_are_read_as_the_system_reads_them() {
        for host in ["2130706433", "0x7f000001", "017700000001", "127.1", "0x7f.0.0.1"] {
            assert_eq!(loose_ipv4(host), Some(Ipv4Addr::LOCALHOST), "{host}");
        }
        assert_eq!(loose_ipv4("example.com"), None);
    }
}
