use crate::evidence::sign::{Sign, sign};

pub(super) const COMMANDS: &[Sign] = &[
    sign(&["uid="], r"uid=[0-9]+(?:\([a-z0-9_.$-]+\))?,? ?gid=[0-9]+"),
    sign(&["total "], r"(?m)^total [0-9]+\r?\n[dl-][rwxst-]{9}"),
    sign(&["rw", "r-x"], r"(?m)^[dl-][rwxst-]{9}[.+@]?\s+[0-9]+ [a-z0-9_-]+ +[a-z0-9_-]+ +[0-9]+ "),
    sign(&["linux "], r"Linux [a-zA-Z0-9_.-]+ [0-9]+\.[0-9]+\.[0-9]+[^ ]* (?:#[0-9]+|SMP)"),
    sign(&[" gnu/linux"], r"(?:x86_64|aarch64|armv[0-9]\w*|i[3-6]86) GNU/Linux"),
    sign(&["icmp_seq"], r"[0-9]+ bytes from [0-9a-f.:]+[^\n]{0,40}icmp_seq=[0-9]+"),
    sign(
        &["bytes of data", "packets transmitted", "packets: sent"],
        r"PING [^\n]{1,80}bytes of data|Pinging [^\n]{1,80}with [0-9]+ bytes of data|[0-9]+ packets transmitted, [0-9]+|Packets: Sent = [0-9]+",
    ),
    sign(
        &["volume serial number", "directory of ", "volume in drive "],
        r"(?i)volume serial number is [0-9a-f]{4}-[0-9a-f]{4}|directory of [a-z]:\\|volume in drive [a-z] (?:is|has)",
    ),
    sign(
        &["[version ", "windows ip configuration"],
        r"(?i)microsoft windows \[version [0-9.]+|windows ip configuration",
    ),
    sign(
        &["nt authority", "nt service", "iis apppool"],
        r"(?i)\bnt authority\\+(?:system|network service|local service|iusr)|\bnt service\\|iis apppool\\",
    ),
    sign(
        &["eth0", "ens", "inet ", "link/ether", "link encap"],
        r"eth0[: ][^\n]{0,80}(?:inet|mtu|Link encap|flags)|inet (?:addr:)?[0-9.]+[^\n]{0,40}(?:netmask|[Mm]ask|scope)|link/ether [0-9a-f:]{17}",
    ),
    sign(&["#53"], r"(?m)^Server:\s+[0-9a-f.:]+\r?\nAddress:\s+[0-9a-f.:]+#53"),
    sign(&["not found"], r"(?:ba|da|z)?sh: (?:[0-9]+: |line [0-9]+: )?[^\n:]{1,60}: (?:command )?not found"),
    sign(&["is not recognized as"], r"is not recognized as an internal or external command"),
    sign(&["pid"], r"(?m)^\s*PID\s+(?:TTY|USER)\s+|USER\s+PID\s+%CPU|^UID\s+PID\s+PPID"),
    sign(
        &["os name:", "host name:"],
        r"Host Name:\s+\S+\s+OS Name:\s+Microsoft|OS Name:\s+Microsoft Windows",
    ),
    sign(&["1k-blocks", "used "], r"Filesystem\s+(?:1K-blocks|Size)\s+Used|(?m)^\s+total\s+used\s+free"),
    sign(
        &[" 20"],
        r"\A\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +[0-9]{1,2} [0-9:]{8} (?:[AP]M )?[A-Z]{3,4} 20[0-9]{2}\s*\z",
    ),
    // `whoami` alone
    sign(
        &["root", "www-data", "apache", "nginx", "nobody", "tomcat", "daemon"],
        r"\A\s*(?:root|www-data|apache|nginx|nobody|tomcat|daemon)\s*\z",
    ),
    sign(
        &["php version", "php credits", "php extension", "zend engine", "phpinfo()"],
        r"(?is)<title>phpinfo\(\)|zend extension build|(?:php (?:extension|version|credits|group)|zend engine)\b.{1,600}?\b(?:php (?:extension|version|credits|group)|zend engine|configure command)\b",
    ),
    sign(
        &["current configuration", "building configuration"],
        r"(?i)building configuration\.{0,3}\s+current configuration|current configuration ?: [0-9]+ bytes",
    ),
];
