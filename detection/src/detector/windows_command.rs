//! Command injection on Windows: cmd.exe and PowerShell.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};

pub(super) const GATES: &[&str] = &[
    "cmd",
    "powershell",
    "pwsh",
    "iex",
    "invoke-",
    "certutil",
    "net ",
    "if ",
    "for ",
    "type ",
    "dir",
    "ipconfig",
    "system32",
    "%comspec%",
    "wmic",
    "reg ",
    "bitsadmin",
    "rundll32",
    "regsvr32",
    "mshta",
    "cscript",
    "wscript",
    "downloadstring",
    "new-object",
    "tasklist",
    "systeminfo",
    "ping ",
    "get-",
    "start-",
    "schtasks",
    "timeout",
    "ver",
    "^",
    "set-",
    "out-",
    "nltest",
    "del ",
    "copy ",
];

static SIGNS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"\bcmd(?:\.exe)?[\s\x22]*/[\s]*[ckq]\b|\bcmd\.exe\b|%comspec%|\\cmd\b"),
        (
            10,
            r"\bp(?:ower)?sh(?:ell)?(?:\.exe)?[\s]+(?:-|/)[a-z]+|\bpowershell(?:\.exe)?\s+(?:\(|iex|invoke|get-|start-|\$|&|\x22|'|dir|ls)|\bpowershell\.exe",
        ),
        (
            10,
            r"\b(?:invoke-(?:expression|webrequest|restmethod|command|item|shellcode|mimikatz|wmimethod)|downloadstring|downloadfile|new-object\s+(?:system\.)?net\.|start-process|set-executionpolicy|get-wmiobject|convertto-securestring|out-file|add-type|get-childitem|get-content|get-process|start-job|start-bitstransfer|set-item|get-command|unblock-file|export-csv)\b",
        ),
        (10, r"\biex\s*[\s(\$]"),
        (
            10,
            r"\bcertutil(?:\.exe)?\s+-|\bbitsadmin(?:\.exe)?\s+/|\bregsvr32(?:\.exe)?\s+/|\brundll32(?:\.exe)?\s+[a-z]|\bmshta(?:\.exe)?\s+(?:http|vbs|java)|\bwmic(?:\.exe)?\s+[a-z/]|\bschtasks(?:\.exe)?\s+/|\b[cw]script(?:\.exe)?\s+[/a-z]",
        ),
        (10, r"\bnet1?(?:\.exe)?\s+(?:user|localgroup|group|view|share|use|start|stop|accounts|session)\b"),
        (10, r"\breg(?:\.exe)?\s+(?:add|query|delete|save|export)\s"),
        (
            10,
            r"(?:[|&;\n]|^|%0a)[\s(]*(?:type|more|dir|del|copy|move|ren|echo|findstr|find|attrib|cd|rd|rmdir|md|erase|start|call|for|if)\s+(?:/[a-z?]\b|[a-z]:[\\/]|%[a-z]+%|\.\.?[\\/]|\\\\|[^\s]*\\)",
        ),
        (
            10,
            r"[|&;\n][\s(]*(?:dir|ipconfig|systeminfo|tasklist|ver|whoami|netstat|hostname|set|taskkill|tracert|arp|route|getmac|net|nslookup|vol|quser|qprocess|regedit|calc|notepad)(?:\.exe)?\s*(?:/[a-z]+|[|&;>\n]|$|-[a-z]+)",
        ),
        (10, r"[|&;\n`(][\s(]*ping(?:\.exe)?\s+(?:-[nwlti]|/[nw])\s+[0-9]"),
        (10, r"[|&;\n][\s(]*timeout(?:\.exe)?\s+/?[t0-9]"),
        (10, r"\b(?:nslookup|whoami|ipconfig|systeminfo|tasklist|netstat)\s+/[a-z]"),
        (10, r"[a-z]:\\+(?:windows|winnt)\\+system32\\+[a-z0-9^\x22]+(?:\.exe)?"),
        (10, r"\b[a-z]\^[a-z]\^?[a-z\^]+\s|\b(?:p\^o|c\^m|w\^h|n\^e)[a-z^]+"),
        (
            10,
            r"\bfor\s+(?:/[a-z]\s+)?[^\n]{0,60}%+[a-z~]+\s+in\s*\(?[^\n]{0,80}\)?\s*do\b|\bif\s+(?:/i\s+)?(?:not\s+)?(?:exist\s+[^\s]+\s|defined\s+[a-z_]+\s|errorlevel\s+[0-9]|cmdextversion\s+[0-9]|\(?[^\s]{1,30}\s+(?:equ|neq|lss|leq|gtr|geq|==)\s)",
        ),
        (
            10,
            r"^\W{0,3}if\s+(?:/i\s+)?(?:not\s+)?[^\s=]{1,40}\s*==\s*[^\s]{1,40}\s+(?:\(?echo|goto|set|call|exit|\.\.\.|start|cmd)\b|^\W{0,3}if\s+(?:not\s+)?['\x22\[]%[^\s]{1,20}['\x22\]]\s*==|\bfor\s+%+[^\s]{1,3}\s+in\s*\([^)]{1,80}\)\s*do\b",
        ),
        (
            10,
            r"[;|&]\s*(?:iwr|irm|iwmi|gci|gps|gwmi|saps|sajb|icm|sal)\s+[-a-z$'\x22(]|\bdir[\s+]+[a-z]:[\\/]|[|&;+][\s+]*dir[|\s+]+[a-z]:|;\s*at\s+[0-9]{1,2}:[0-9]{2}\s|\bbcdboot\s",
        ),
        (10, r"\bfor\s+/[fldr]\s+(?:\x22[^\x22]*\x22\s+)?%+[a-z]\s+in\b"),
        (
            10,
            r"(?:\$env:|%)(?:programfiles|systemroot|windir|commonprogramfiles|userprofile|appdata|temp|path|os|username|processor_architecture)(?::~?-?[0-9]+,-?[0-9]+)?%?(?:\\|:~|.{0,2}(?:cmd|ping))",
        ),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    SIGNS.find_in(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&SIGNS);
    }
}
