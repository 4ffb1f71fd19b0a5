//! Shell command injection on Unix: a separator or a substitution, then a word that is a command once quotes,
//! escapes and empty expansions are taken out of it, as a shell would.

use std::{collections::HashMap, ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};

pub(super) const GATES: &[&str] = &[
    ";", "|", "&", "`", "$(", "${", "\n", "\r", "<(", ">(", "/bin/", "/etc/", "() {", "(){", "ping ",
    "sleep ", "curl ", "wget ", "cat ", "bash", "id", "uname", "whoami", "nslookup", "/dev/tcp", "nc ",
    "python", "perl", "php ", "ls ", "echo", "ifs", "chmod", "alias", "){", "!-", "ansible-", "strace ",
    "flock ",
];

/// How sure a command word alone makes it, after a separator.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// No word of any language: `whoami`, `nslookup`.
    Telling,
    /// Also a word people write: an option, a path or the end must follow.
    Common,
}

static COMMANDS: LazyLock<HashMap<&'static [u8], Word>> = LazyLock::new(|| {
    let telling = "whoami uname nslookup ifconfig netstat wget curl bash zsh ksh csh tcsh chmod chown mkfifo telnet tftp \
        printenv passwd useradd adduser usermod traceroute ncat socat netcat busybox openssl xxd hexdump strings lsb_release \
        lsof crontab systemctl iptables nohup sudo pkill killall phpinfo getent dmesg rmdir mkdir uptime hostname ipconfig \
        base64 gcc awk sed grep egrep fgrep tac rev lynx dig ssh scp rsync sshpass printf perl ruby python python2 python3 php \
        node lua nmap tcpdump dpkg apt-get yum rpm aptitude gdb visudo uconv setfacl getfacl chroot chsh chgrp groupadd \
        userdel losetup ldconfig ldd mknod insmod modprobe rmmod sysctl xargs mawk gawk nawk msfconsole hping3 \
        nid sysinfo fping mtr ssh-keygen ssh-keyscan ssh-copy-id sshfs rsh rlogin rexec ltrace objdump readelf \
        vigr vipw journalctl loginctl hostnamectl deluser addgroup dmidecode lsblk lscpu lsmod \
        lsusb findmnt tshark ettercap dnsenum pip3 npx ansible-playbook ansible-vault \
        ansible-doc ansible-inventory ansible-console ansible-config ansible-pull chef-shell cscli rmt-tar rmt-dump \
        php-fpm aa-exec aa-disable strace arp whereis pwd sleep ping ping6 sh dash ash env nl od cat ls id ps df du mv cp rm nc wc vi echo";
    let common = "who w last more less head tail sort find kill test date touch export set read type \
        exec eval source time top free mount ip host make cut paste split tee look man file diff join expand fold ftp su ln dd tar zip unzip \
        gzip at yes true false reboot shutdown halt history alias cd which locate watch service finger users groups stat nice vim nano screen mail git java go gem pip npm yarn composer ansible chef comm flock perf";
    let words =
        |text: &'static str, word| text.split_ascii_whitespace().map(move |name| (name.as_bytes(), word));
    words(common, Word::Common).chain(words(telling, Word::Telling)).collect()
});

static SIGNS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"^\s*\(\s*\)\s*\{"),
        (10, r"/dev/(?:tcp|udp)/"),
        // A function that calls itself twice; a command renamed; the last one but some again; words cut by nothing.
        (
            10,
            r"^[a-z:_]{1,16}\(\)\s*\{\s*[a-z:_]{1,16}(?:\(\))?\s*[|&]|(?:^|[;&|])\s*alias (?:-[a-z]+ )?[\x22']?[a-z]+[\x22']?=|^![-0-9]+![-0-9]+$",
        ),
        (10, r"[a-z]\$\(\)(?:[a-z]| [0-9/-])|[a-z/]\$[?-][a-z]|/[a-z]+\$_[a-z]|\$\(\(\$\(\)|\$\{[a-z]#\{?\}"),
        (
            10,
            r"^\{,\$?[\x22']?[a-z]+[\x22']?,[^}]{0,40}\}|^['\x22](?:uname|whoami|ifconfig|id|ls)['\x22]$|;\s*\$[a-z] (?:cat|ls|id|sh)\b",
        ),
        (10, r"[a-z]\$[@*][a-z]|(?:^|[;|&])[a-z_]+=\$?['\x22][^'\x22]{1,60}['\x22];\s*\$\{?[a-z_]+"),
        (10, r"\bnc(?:at)?(?:\.traditional)? [^\n]{0,60}-[a-z]*[ec] ?[a-z/]"),
        (10, r"\b(?:ba|z|k|c|da|a)?sh -[a-z]*[ci]\b"),
        (10, r"\$\{?ifs\b|\{ifs\}|\$ifs\$?[0-9@*]?"),
        (
            10,
            r"(?:^|[\s;|&`(=<>'\x22/]|\\n)(?:/usr)?(?:/local)?/s?bin/[a-z?*\[\]{}$@0-9'\x22\\]{1,20}(?:[\s;|&`)'\x22<>$]|$)",
        ),
        (10, r"(?:^|[;|&`(\n])\s*(?:/\?{2,3}/[?a-z*\[\]]+|/[a-z?]{3}/[a-z]*[?*\[][a-z?*\[\]]*)"),
        (
            10,
            r"^\s*(?:cat|tac|head|tail|more|less|nl|od|xxd|strings|grep|sed|awk|ls|vi|cp|mv|rm|touch|chmod|find|dd) (?:-[a-z0-9]+ )*(?:['\x22.*]* )?/?(?:etc|proc|var|home|root|tmp|usr|dev|bin|opt)/",
        ),
        (
            10,
            r"^\s*(?:wget|curl|fetch|lynx) (?:-[a-z0-9-]+ )*(?:[a-z]+://|[0-9]+\.[0-9]+\.|[a-z0-9.-]+\.[a-z]{2,}/)",
        ),
        (10, r"^\s*ping6? (?:-[cniw] ?[0-9]+ )+|^\s*nslookup [a-z0-9.-]+|^\s*sleep [0-9]+\s*$"),
        (10, r"\b(?:python[23]?|perl|ruby|php|lua|node) -[a-z]*[cer] ?['\x22]"),
        (
            10,
            r"\bmkfifo /|\bbase64 -{1,2}d|\|\s*(?:ba|z|da)?sh\b|\bxargs sh\b|>\s*/dev/null|2>&1|\brm -r?f? [/*]|\brm -[rf]{1,2} ",
        ),
        (10, r"\bchmod (?:\+x|[0-7]{3,4}|[ugoa]+[+-][rwx]+) "),
        (
            10,
            r"\becho [^\n]{1,200}(?:>>?\s*[/a-z._-]+\.(?:php|jsp|asp|sh|txt|py)|\|\s*(?:base64|sh|bash|xxd|md5sum))",
        ),
        (
            10,
            r"[a-z0-9_-]+@[a-z0-9._-]+:[~/][^\s]{0,40}[$#] ?[a-z.]|[a-z] <<< |\$\{[a-z_]+:[0-9]+:[0-9]+\}|/[a-z]*\[[a-z]+\][a-z]*/[a-z]|\$'[^']{0,60}\\x[0-9a-f]{2}",
        ),
        (
            10,
            r"\{,(?:ifconfig|ip|id|ls|whoami|cat|uname|wget|curl)\b[^}]{0,40}\}|\{(?:ifconfig|ip|ls|whoami|cat|uname|wget|curl)(?:,[^}]{0,40})?\}|^\s*(?:time|nice|nohup|env|sudo|exec|command) (?:curl|wget|nc|bash|sh|ping|nslookup|whoami|id|cat)\b|\bsh,-c,",
        ),
        (10, r"<!--#exec|\beval\s*\$?\(|\bexec\s*<>|\bexec [0-9]<>"),
        (10, r"(?:^|[;|&`\s])(?:cat|tac|more|less|head|tail|nl)\s*<\s*[/a-z.]"),
        (10, r"\{(?:cat|ls|id|echo|wget|curl|ping|nc|bash|sh|sleep|uname|rm|python[23]?),"),
        (10, r"(?:^|[;|&`\s=])\s*(?:ld_preload|path|bash_env|ps4|prompt_command)=[^\s]{1,60}[;\s]+[a-z/]"),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    let bytes = subject.lower;
    let document = subject.is_document();
    let prose = subject.words() > 6;
    if let Some(end) = leading_command(bytes) {
        return Some(0..end);
    }
    if let Some(range) = asked_for(subject) {
        return Some(range);
    }
    let mut at = 0;
    while let Some((start, separator)) = next_separator(bytes, at) {
        at = start + separator.len();
        if separator == b"|" && in_template(bytes, start) {
            continue;
        }
        // Lists of words, quoted code and tables are what documents are made of.
        if document && matches!(separator, b"\n" | b"\r" | b"`" | b"|" | b";") {
            continue;
        }
        // A word in backticks is how prose quotes a command.
        if separator == b"`"
            && (prose
                || bytes.get(at) == Some(&b'`')
                || memchr::memchr(b'`', bytes.get(at..).unwrap_or_default()).is_none())
        {
            at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| **byte == b'`').count();
            continue;
        }
        if let Some(end) = command_after(bytes, at, separator) {
            return Some(start..end);
        }
    }
    SIGNS.find_in(subject)
}

/// A parameter that is called after what it does, with a command in it: how web shells are asked.
fn asked_for(subject: &Subject<'_>) -> Option<Range<usize>> {
    let asking =
        ["cmd", "command", "exec", "execute", "shell", "rce", "run", "system", "do_cmd", "cmdline", "daemon"];
    if subject.field.is_name || !subject.name_is(&asking) {
        return None;
    }
    let line = subject.lower.trim_ascii();
    let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(line.len());
    let telling = COMMANDS.get(line.get(..end)?) == Some(&Word::Telling);
    let rest = line.get(end..)?;
    (telling && (rest.is_empty() || rest.starts_with(b" ") || rest.starts_with(b"|")))
        .then_some(0..subject.lower.len())
}

/// A filter in a template (`{{ value | printf "%.2f" }}`) is no pipe.
fn in_template(bytes: &[u8], at: usize) -> bool {
    let before = bytes.get(at.saturating_sub(120)..at).unwrap_or_default();
    let open = memchr::memmem::rfind(before, b"{{");
    open.is_some_and(|open| memchr::memmem::find(before.get(open..).unwrap_or_default(), b"}}").is_none())
}

/// A value that is a command line from its first word on.
fn leading_command(bytes: &[u8]) -> Option<usize> {
    let length =
        bytes.iter().take(16).take_while(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()).count();
    let name = bytes.get(..length)?;
    if COMMANDS.get(name) != Some(&Word::Telling) {
        return None;
    }
    let after = bytes.get(length..)?;
    let operand = after.trim_ascii_start();
    let marked = match operand.first()? {
        b';' | b'|' | b'&' | b'>' | b'<' | b'`' => operand.len() > 1 && operand.get(1) != Some(&b'='),
        b'/' | b'-' | b'$' => operand.len() < after.len(),
        _ => false,
    };
    (marked && bytes.len() < 400).then_some(length)
}

/// The next place at which a shell would begin another command.
fn next_separator(bytes: &[u8], from: usize) -> Option<(usize, &[u8])> {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        let length = match (byte, next) {
            (b'$' | b'<' | b'>', Some(b'(')) | (b'|', Some(b'|' | b'&')) | (b'&', Some(b'&')) => 2,
            (b';' | b'|' | b'&' | b'`' | b'\n' | b'\r', _) => 1,
            _ => {
                at += 1;
                continue;
            }
        };
        return Some((at, bytes.get(at..at + length)?));
    }
    None
}

/// Where a command that begins here ends, if one does.
fn command_after(bytes: &[u8], from: usize, separator: &[u8]) -> Option<usize> {
    const MAX_WORD: usize = 48;
    let rest = bytes.get(from..)?;
    let gap = rest
        .iter()
        .take(16)
        .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'(' | b'{' | b'!' | b'`'))
        .count();
    let rest = rest.get(gap..)?;
    let mut word = Vec::with_capacity(MAX_WORD);
    let mut disguised = false;
    let mut length = 0;
    while let Some(byte) = rest.get(length).filter(|_| length < MAX_WORD) {
        let tail = rest.get(length..).unwrap_or_default();
        match (byte, tail.get(1)) {
            (b'\'' | b'"' | b'\\' | b'^', _) => {
                disguised |= !word.is_empty();
                length += 1;
            }
            // `$@`, `$*`, `$1` and unset `$u` expand to nothing.
            (b'$', Some(b'@' | b'*' | b'0'..=b'9')) => {
                disguised = true;
                length += 2;
            }
            (b'$', Some(b'{')) if tail.starts_with(b"${ifs") => break,
            (b'a'..=b'z' | b'0'..=b'9' | b'.' | b'/' | b'_' | b'-', _) => {
                word.push(*byte);
                length += 1;
            }
            _ => break,
        }
    }
    let name = word.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let path = word.len() > name.len();
    let kind = *COMMANDS.get(name)?;
    let after = rest.get(length..).unwrap_or_default();
    let certain = match after.first() {
        None => true,
        Some(b';' | b'|' | b'`' | b')' | b'<' | b'>' | b'$' | b'#' | b'}' | b'{' | b'\n' | b'\r') => true,
        Some(b'&') => !separator.starts_with(b"&") || after.starts_with(b"&&"),
        Some(b' ' | b'\t') => argument(after.trim_ascii_start()) || after.trim_ascii().is_empty(),
        _ => false,
    };
    let lead = bytes.get(..from.saturating_sub(separator.len())).unwrap_or_default().trim_ascii();
    if kind == Word::Telling && lead.is_empty() && after.trim_ascii().len() < 4 {
        return Some(from + gap + length);
    }
    // A newline or a lone ampersand stands in honest text and in URLs: what follows must be beyond doubt.
    let plain_text = matches!(separator, b"\n" | b"\r" | b"&");
    let sure = match kind {
        Word::Telling if plain_text => {
            disguised
                || path
                || (certain
                    && !after.is_empty()
                    && !after.trim_ascii().is_empty()
                    && argument(after.trim_ascii_start()))
                || (certain && name.len() > 4)
        }
        Word::Telling => {
            disguised || path || certain || separator == b"$(" || separator == b"`" && after.len() < 64
        }
        // «; who who» is a song.
        Word::Common => {
            let alone = after.first().is_none_or(|byte| !matches!(byte, b' ' | b'\t'));
            let operand = after.trim_ascii_start();
            let marked =
                operand.first().is_some_and(|byte| !byte.is_ascii_alphanumeric()) || operand.contains(&b'/');
            disguised || path || (certain && !plain_text && (alone || marked && argument(operand)))
        }
    };
    // `&name=value` inside a URL, `a; cat=…` in a list of attributes.
    // «Title | Ruby» is how pages are called.
    let spoken =
        [&b"ruby"[..], b"python", b"perl", b"php", b"node", b"lua", b"bash", b"echo", b"watch", b"strings"];
    let titled = separator.starts_with(b"|")
        && after.trim_ascii().is_empty()
        && spoken.contains(&name)
        && memchr::memchr(b' ', lead).is_some()
        && memchr::memchr(b'/', lead).is_none();
    if titled && !path && !disguised {
        return None;
    }
    let assigned = after.first() == Some(&b'=') || after.first() == Some(&b':');
    (sure && !assigned).then_some(from + gap + length)
}

/// What a command takes and a sentence does not.
fn argument(after: &[u8]) -> bool {
    match after.first() {
        Some(
            b'-'
            | b'/'
            | b'.'
            | b'$'
            | b'*'
            | b'|'
            | b'>'
            | b'<'
            | b'`'
            | b'&'
            | b';'
            | b'#'
            | b'~'
            | b'0'..=b'9'
            | b'\''
            | b'"'
            | b'%'
            | b'@'
            | b'\\',
        ) => true,
        Some(_) => {
            let word_end = after
                .iter()
                .position(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b';' | b'|' | b'&'))
                .unwrap_or(after.len());
            let word = after.get(..word_end).unwrap_or_default();
            word.iter().any(|byte| matches!(byte, b'/' | b'.' | b'=' | b'$' | b'@' | b'_'))
                && !word.ends_with(b".")
                || word_end == after.len() && word_end < 24
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&SIGNS);
    }
}
