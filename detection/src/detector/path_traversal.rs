//! Path traversal and local file inclusion: resolves a path's dot segments, and knows the files that only an
//! attacker asks for.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const GATES: &[&str] = &[
    "..",
    "x2e",
    "/aaaa",
    "./",
    ".\\",
    "etc2f",
    "/etc/",
    "etc/",
    "passwd",
    "/proc/",
    "proc/self",
    "win.ini",
    "boot.ini",
    "system.ini",
    "web-inf",
    "web.config",
    "php://",
    "file:",
    "phar:",
    "expect:",
    "zip:",
    "data:",
    "glob:",
    "\\windows",
    "/windows",
    "c:",
    "/var/log",
    "var/log",
    "id_rsa",
    ".ssh",
    ".htaccess",
    ".htpasswd",
    "/root/",
    ".bash_history",
    "\x00",
    "/usr/local",
    "/var/www",
    "global.asa",
    "php.ini",
    "my.cnf",
    "shadow",
    "ssh2.",
    "compress.",
    "httpd.conf",
    "..;",
    "hosts",
    "/boot",
    "sam",
    "/opt/",
    "/var/",
    "/usr/",
    "/home/",
    "/dev/",
    "/sys/",
    "config",
    "inetpub",
    "\\\\",
    ".log",
    "/conf",
    "nginx",
    "apache",
    ".ini",
    "autoexec",
    "/tmp/",
];

static FILES: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"(?:^|[/\\:\s=\x22'(,>|])(?:\.?/)*etc[/\\]+(?:\.[/\\]+|[a-z]+[/\\]+\.\.[/\\]+)*(?:passwd|shadow|group|gshadow|hosts|hostname|issue|motd|fstab|crontab|sudoers|resolv\.conf|mysql|my\.cnf|httpd|apache2?|nginx|ssh|ssl|php|profile|bashrc|security|samba|vsftpd|proftpd|pure-ftpd|redhat-release|debian_version|os-release|inetd|lighttpd|master\.passwd|kubernetes|sysconfig|network|init|cron|mtab|ld\.so|exports|logrotate|aliases|nsswitch|opt[/\\]|chrootusers|ftp|environment|x11|default|rc|snmp|postfix|sendmail|updatedb|wu-ftpd|services|modules|release|timezone)",
        ),
        (
            10,
            r"(?:^|[/\\:\s=\x22'(,])/?proc[/\\]+(?:self|[0-9]+|version|net|cpuinfo|mounts|cmdline|sched_debug|meminfo|filesystems|modules|stat|sys|swaps|partitions|interrupts|ioports)",
        ),
        (
            10,
            r"(?:win(?:dows|nt)?[/\\]+)(?:win\.ini|system\.ini|system32|repair|php\.ini|panther|debug|my\.ini|explorer|notepad|iis|temp|csc|security|syswow|setuplog|tasks)|\bboot\.ini\b|\bwin\.ini\b|\bsystem\.ini\b",
        ),
        (
            10,
            r"\b[a-z]:[/\\]+(?:windows|winnt|boot\.ini|inetpub|program files|xampp|wamp|apache|users[/\\]+administrator|documents and settings|autoexec|mysql|php|nginx|iis|home|sysprep|unattend|minint|pagefile|ntldr|tomcat|logs)",
        ),
        (
            10,
            r"web-inf[/\\]+(?:web\.xml|classes|lib|[a-z]+\.(?:xml|properties|jsp))|meta-inf[/\\]+(?:manifest|context)",
        ),
        (
            10,
            r"(?:php|phar|expect|zip|glob|ogg|compress\.(?:zlib|bzip2)|ssh2\.(?:shell|exec|tunnel|sftp|scp)|zlib|rar|netdoc|jar|bzip2):/{1,2}",
        ),
        (
            10,
            r"file:/{1,4}(?:[a-z0-9.-]*/)*(?:etc|proc|var|usr|home|root|windows|winnt|[a-z][:|]|boot|opt|sys|dev|app|srv|tmp|localhost)",
        ),
        (
            10,
            r"(?:^|[/\\])(?:home/[^/]{1,40}|root|~)?[/\\]?\.(?:ssh[/\\]+(?:id_[a-z0-9]+|authorized_keys|known_hosts|config)|bash_history|bashrc|bash_profile|mysql_history|aws[/\\]+credentials|kube[/\\]+config|netrc|npmrc|pgpass|docker[/\\]+config|viminfo|zsh_history|psql_history)",
        ),
        (
            10,
            r"(?:^|[\s=\x22'/\\])/?var[/\\]+(?:log|mail|spool|www|run[/\\]+secrets|lib[/\\]+(?:mysql|mlocate|php|docker)|adm|apache2?|cpanel|local|webmin|lock|backups|db|tmp|nm|htmp)[/\\]",
        ),
        (
            10,
            r"(?:^|[\s=\x22'])/(?:usr/(?:local/(?:apache|nginx|php|etc|mysql|lib|zend|tomcat|cpanel|www|psa|pgsql|samba)|lib/|pkg|share/(?:nginx|tomcat|adsl|squirrel|mysql)|home|ports|etc|apache|sbin|spool)|opt/(?:lampp|apache|xampp|nginx|tomcat|[a-z]+/(?:logs|conf|etc))|private/etc|root/\.|boot/grub|sys/class|dev/(?:fd|null|random|urandom|mem|sd|zero|stdin|tcp)|apache[0-9]?/|www/|logs/|xampp/|web/conf|home/[a-z0-9_$-]+/(?:\.|public_html|www)|nginx/|library/webserver|volumes/|system/library|bin/php|php[0-9]?/|mysql/|jakarta/|tomcat|program files|srv/www|run/secrets|tmp/sess_|tmp/access)",
        ),
        (
            10,
            r"(?:^|[/\\=])(?:\.htaccess|\.htpasswd|global\.asa|httpd\.conf|php\.ini|my\.cnf|my\.ini|tomcat-users\.xml|wp-config\.php|sites\.ini)(?:$|[\x00?&\s])",
        ),
        (10, r"(?:passwd|shadow|\.ini|\.conf|\.log|\.txt|\.php|\.inc|hosts|\.xml|\.html?|environ)\x00"),
        (10, r"^\s*data:(?:text/plain|text/html|;base64|,)?(?:;base64)?,\s*(?:<\?|pd9|phn|pd)"),
        (
            10,
            r"^[a-z]:[/\\]+[^\s]*\.?(?:log|ini|conf|cfg|inc|dat|sys|bak|mdb|config)$|[a-z]:\\[a-z\\]*(?:log|conf)[a-z]*\\|\\(?:xampp|phpmyadmin|inetpub|wwwroot)\\",
        ),
        // Dots with nothing between them, and paths made too long for what is put behind them.
        (
            10,
            r"(?:^|[/\\])\.{4,}[/\\]?[a-z{%]|(?:0?x2e){2}|^[/\\]a{100,}|(?:^|/)(?:\.[/\\]{1,2}){4,}|(?:\.{2}2f){2}|(?:%u?[0-9a-f]{2,4}\.\.){2}|\.\.%u[0-9a-f]{4}",
        ),
        (10, r"^\\\\[a-z0-9._:-]+\\[a-z0-9$._-]+"),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    let prose = subject.lower.len() > 300 || subject.words() > 6;
    if !prose && let Some(range) = FILES.find(subject.lower) {
        let named = subject.lower.get(range.clone()).unwrap_or_default();
        // Documents of JSON tell where certificates lie and compare what programs open.
        let configured = subject.field.place == Place::Json
            && (named.starts_with(b"/etc/ssl") || named.starts_with(b"/dev/null") || subject.is_expression());
        return (!configured).then_some(range);
    }
    climbs(subject)
}

/// Dot segments that climb out of where the path began.
fn climbs(subject: &Subject<'_>) -> Option<Range<usize>> {
    let bytes = subject.lower;
    let plain = memchr::memmem::find(bytes, b"0x2").or_else(|| memchr::memmem::find(bytes, b"0x5c"));
    if plain.is_some() {
        let unfolded = unfold_hex(bytes);
        return climbing_token(&unfolded, subject).map(|_| 0..bytes.len());
    }
    climbing_token(bytes, subject)
}

/// Filters and old servers read `0x2e` as a dot.
fn unfold_hex(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let plain = match bytes.get(at..at + 4) {
            Some(b"0x2e") => Some(b'.'),
            Some(b"0x2f") => Some(b'/'),
            Some(b"0x5c") => Some(b'\\'),
            _ => None,
        };
        out.push(plain.unwrap_or(*byte));
        at += if plain.is_some() { 4 } else { 1 };
    }
    out
}

fn climbing_token(bytes: &[u8], subject: &Subject<'_>) -> Option<Range<usize>> {
    let mut at = 0;
    while let Some(dots) =
        bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, b"..")).map(|offset| at + offset)
    {
        let token = token_around(bytes, dots);
        at = token.end.max(dots + 2);
        let path = Resolved::of(bytes.get(token.clone()).unwrap_or_default());
        let sensitive = || FILES.find(path.text).is_some();
        let alone = subject.words() <= 2;
        let enough = match path.climbed {
            // Clients resolve a path before they ask for it (RFC 3986 section 6.2.2.3).
            _ if subject.field.place == Place::Path => path.climbed > 0 || path.turned,
            0 => path.disguised >= 2 && alone,
            1 => (path.disguised > 0 || path.is_configuration()) && alone || sensitive(),
            2 => path.disguised > 0 || sensitive() || alone && !path.is_asset(),
            _ => path.disguised > 0 || !path.is_asset() || sensitive(),
        };
        if enough {
            return Some(token);
        }
    }
    None
}

/// The run of bytes around `at` that a program would take as one path.
fn token_around(bytes: &[u8], at: usize) -> Range<usize> {
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'"' | b'\'' | b'(' | b')' | b'=' | b',' | b'<' | b'>' | b'`' | b'?' | b'#')
    };
    let start = bytes.get(..at).unwrap_or_default().iter().rposition(ends).map_or(0, |found| found + 1);
    let end =
        bytes.get(at..).unwrap_or_default().iter().position(ends).map_or(bytes.len(), |found| at + found);
    start..end
}

/// A path after its dot segments were resolved.
struct Resolved<'a> {
    text: &'a [u8],
    /// How far it ever was above where it began.
    climbed: usize,
    /// Segments such as `..;`, `....` or `..%00` that nobody writes by honest means.
    disguised: usize,
    /// Whether a `..` between two slashes takes anything back.
    turned: bool,
}

impl<'a> Resolved<'a> {
    fn of(text: &'a [u8]) -> Self {
        let (mut depth, mut climbed, mut disguised) = (0_isize, 0_usize, 0_usize);
        let mut turned = false;
        let last = text.split(|byte| matches!(byte, b'/' | b'\\')).count();
        for (index, segment) in text.split(|byte| matches!(byte, b'/' | b'\\')).enumerate() {
            let dots = segment.iter().take_while(|byte| **byte == b'.').count();
            let rest = segment.get(dots..).unwrap_or_default();
            // `..` at the very end of a word is an ellipsis unless a path came before it.
            let ends = index + 1 == last && last == 1;
            match (dots, rest) {
                (0 | 1, []) => {}
                (2, []) if !ends => {
                    turned = true;
                    depth -= 1;
                }
                (3.., []) if !ends => {
                    depth -= 1;
                    disguised += 1;
                }
                (2, [b';' | 0 | b'|' | b'%' | b':', ..]) if !ends => {
                    depth -= 1;
                    disguised += 1;
                }
                _ => depth += 1,
            }
            climbed = climbed.max(usize::try_from(-depth).unwrap_or(0));
        }
        Self { text, climbed, disguised, turned }
    }

    /// Points at code or configuration, which nobody links to.
    fn is_configuration(&self) -> bool {
        const CONFIGURATION: [&str; 14] = [
            ".php",
            ".asp",
            ".aspx",
            ".jsp",
            ".cfm",
            ".conf",
            ".config",
            ".ini",
            ".xml",
            ".properties",
            ".env",
            ".inc",
            ".history",
            ".htaccess",
        ];
        CONFIGURATION.iter().any(|extension| self.text.ends_with(extension.as_bytes()))
    }

    /// Points at a picture, script or document, as relative links do.
    fn is_asset(&self) -> bool {
        const ASSETS: [&str; 22] = [
            ".png", ".jpg", ".jpeg", ".gif", ".svg", ".css", ".js", ".ts", ".tsx", ".jsx", ".md", ".html",
            ".webp", ".ico", ".vue", ".scss", ".less", ".json", ".rst", ".go", ".rb", ".py",
        ];
        ASSETS.iter().any(|extension| self.text.ends_with(extension.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&FILES);
    }
}
