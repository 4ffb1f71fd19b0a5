//! Path traversal and local file inclusion: resolves a path's dot segments, and knows the files that only an
//! attacker asks for.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const GATES: &[&str] = &[
    "..",
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
        (10, r"^\\\\[a-z0-9._-]+\\[a-z0-9$._-]+"),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    let prose = subject.lower.len() > 300 || subject.words() > 12;
    if !prose && let Some(range) = FILES.find(subject.lower) {
        return Some(range);
    }
    climbs(subject)
}

/// Dot segments that climb out of where the path began.
fn climbs(subject: &Subject<'_>) -> Option<Range<usize>> {
    let bytes = subject.lower;
    let mut at = 0;
    while let Some(first) =
        bytes.get(at..).and_then(|rest| memchr::memmem::find(rest, b"..")).map(|offset| at + offset)
    {
        let run = Run::at(bytes, first);
        at = run.end.max(first + 2);
        if run.steps == 0 {
            continue;
        }
        let sensitive = run.disguised
            || FILES
                .find(bytes.get(first.saturating_sub(1)..(first + 400).min(bytes.len())).unwrap_or_default())
                .is_some();
        let in_path = matches!(subject.field.place, Place::Path);
        let enough = match () {
            () if in_path => run.steps >= 1 && !run.lone_below,
            () if sensitive => run.steps >= 1,
            () if run.starts_value => run.steps >= 3 || run.steps >= 2 && !run.asset,
            () if run.steps >= 3 => true,
            () => run.steps >= 2 && subject.words() <= 2 && !run.asset,
        };
        if enough {
            return Some(run.start..run.end);
        }
    }
    None
}

/// A run of `../` in any of its disguises.
struct Run {
    start: usize,
    end: usize,
    /// How far it climbs above where the value's path begins.
    steps: usize,
    /// `....//`, `..;/`, `..%00/`: nobody writes these by honest means.
    disguised: bool,
    starts_value: bool,
    /// Points at a picture, script or document, as relative links do.
    asset: bool,
    /// Climbs no further than the segments before it descend.
    lone_below: bool,
}

impl Run {
    fn at(bytes: &[u8], first: usize) -> Self {
        let (mut at, mut climbed, mut disguised) = (first, 0_usize, false);
        while let Some(step) = step(bytes.get(at..).unwrap_or_default()) {
            climbed += 1;
            at += step.length;
            disguised |= step.disguised;
        }
        let before = bytes.get(..first).unwrap_or_default();
        let path_start = before
            .iter()
            .rposition(|byte| {
                byte.is_ascii_whitespace()
                    || matches!(byte, b'"' | b'\'' | b'(' | b'=' | b',' | b'<' | b'>' | b'`')
            })
            .map_or(0, |space| space + 1);
        let lead = before.get(path_start..).unwrap_or_default();
        let descended = lead
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .filter(|segment| !segment.is_empty() && *segment != b".")
            .count();
        let tail = bytes.get(at..).unwrap_or_default();
        let tail_end = tail
            .iter()
            .position(|byte| {
                byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b')' | b'?' | b'#' | b'>')
            })
            .unwrap_or(tail.len());
        let tail = tail.get(..tail_end).unwrap_or_default();
        let asset = [
            ".png", ".jpg", ".jpeg", ".gif", ".svg", ".css", ".js", ".ts", ".tsx", ".md", ".html", ".webp",
            ".ico", ".vue", ".scss", ".less", ".json", ".rst", ".go", ".rb", ".py",
        ]
        .iter()
        .any(|extension| tail.ends_with(extension.as_bytes()));
        Self {
            start: path_start.min(first),
            end: at,
            steps: climbed,
            disguised,
            starts_value: path_start == 0 && descended == 0,
            asset,
            lone_below: climbed < descended && climbed < 2,
        }
    }
}

struct Step {
    length: usize,
    disguised: bool,
}

/// `../`, `..\`, `....//`, `..;/`, `..\x00/`, `.. /`, `..//`, or `..` at the very end.
fn step(rest: &[u8]) -> Option<Step> {
    let dots = rest.iter().take(8).take_while(|byte| **byte == b'.').count();
    if dots < 2 {
        return None;
    }
    let after = rest.get(dots..).unwrap_or_default();
    let filler = after.iter().take(2).take_while(|byte| matches!(byte, b';' | 0 | b'|' | b'%')).count();
    let slashes = after
        .get(filler..)
        .unwrap_or_default()
        .iter()
        .take(8)
        .take_while(|byte| matches!(byte, b'/' | b'\\'))
        .count();
    // An ellipsis before a slash is prose; doubled dots with doubled slashes are a filter's leavings.
    let doubled = dots >= 4 && slashes >= 2;
    match (dots, slashes) {
        (2, 1..) => Some(Step { length: dots + filler + slashes, disguised: filler > 0 || slashes > 2 }),
        (_, 1..) if doubled => Some(Step { length: dots + filler + slashes, disguised: true }),
        (2, 0) if after.is_empty() => Some(Step { length: dots, disguised: false }),
        _ => None,
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
