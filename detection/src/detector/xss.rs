//! Cross-site scripting: a small HTML tokeniser that looks for what runs script, and signs of breaking out of an
//! attribute or of a script string. Markup that runs nothing is no attack.

mod tag;

use std::{ops::Range, sync::LazyLock};

use self::tag::Tags;
use super::{Subject, patterns::Patterns};

pub(super) const GATES: &[&str] = &[
    "<",
    "javascript",
    "vbscript",
    "on",
    "alert",
    "prompt",
    "confirm",
    "eval(",
    "eval`",
    "document.",
    "window",
    "fromcharcode",
    "expression(",
    "constructor",
    "srcdoc",
    "data:text",
    "settimeout",
    "import(",
    "location",
    "this[",
    "self[",
    "top[",
    "onerror",
    "script:",
    "\\74",
    "\\u003c",
    "+adw-",
    "[][",
];

static SIGNS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        // A script URL where a value begins, or after a quote or an equals sign.
        (
            10,
            r"(?:^|['\x22=(\s/,;>])j[\s\x00]*a[\s\x00]*v[\s\x00]*a[\s\x00]*s[\s\x00]*c[\s\x00]*r[\s\x00]*i[\s\x00]*p[\s\x00]*t[\s\x00]*:[^\s]{0,4}[^\s]*?(?:[(`=\[%\\/]|alert|prompt|confirm|eval|document|window)",
        ),
        (
            10,
            r"(?:^|['\x22=(\s])v[\s\x00]*b[\s\x00]*s[\s\x00]*c[\s\x00]*r[\s\x00]*i[\s\x00]*p[\s\x00]*t[\s\x00]*:",
        ),
        (
            10,
            r"data:(?:text/html|image/svg\+xml|text/xml|application/xhtml\+xml|text/javascript)[^,]{0,40},.{0,40}(?:<|%3c|phn|pht|pfn|script)",
        ),
        // Out of an attribute, into a handler.
        (
            10,
            r"(?:^|['\x22`\s/>]|\*/)on(?:[a-z]{3,24})[\s\x00-\x20]*=[\s\x00-\x20]*['\x22`]?[^=>\s]{0,60}?(?:alert|prompt|confirm|eval|document|window|location|javascript|fetch|import|this\.|self|top\[|parent|settimeout|fromcharcode|print\(|[(`][^)]{0,40}[)`])",
        ),
        (6, r"['\x22][\s/]*on[a-z]{3,24}[\s]*="),
        (6, r"['\x22][\s/]*(?:style|autofocus|formaction|srcdoc|accesskey|tabindex)[\s]*="),
        // Out of a script string.
        (
            10,
            r"(?:['\x22`)}\]]|^|</[a-z]+>|\\')[\s;,+*/&|^%<>?:!~=-]{0,12}(?:window|self|top|parent|this|globalthis|frames)?[\s.\[('\x22`]{0,4}(?:alert|prompt|confirm)['\x22`\]]{0,3}[\s/*]*(?:\(|`|\?\.|\.call|\.apply|%28|&lpar)[^\n]{0,80}",
        ),
        (
            10,
            r"(?:eval|settimeout|setinterval|function|execscript)[\s]*[(`][\s]*(?:['\x22`\\]|string\.|atob|unescape|location|name|document|window|alert|decodeuri|url|this|\+)",
        ),
        // The cookie, however its owner is written; a style sheet or a binding from elsewhere.
        (
            10,
            r"\(?document(?:\s|/\*[^*]{0,20}\*/)*\)?(?:\s|/\*[^*]{0,20}\*/)*(?:\[\s*['\x22`]cookie|\.?/\*[^*]{0,20}\*/[\s.]*cookie)|<link\b[^>]{0,80}(?:stylesheet|import)[^>]{0,20}href\s*=\s*['\x22]?\s*(?:https?:|//|data:)|<\??import\b[^>]{0,60}implementation",
        ),
        (10, r"string[\s]*[.\[]['\x22]?fromcharcode['\x22]?\]?[\s]*\("),
        (
            8,
            r"\b(?:document|window|self|top|parent|this)[\s]*(?:\.|\[['\x22])[\s]*(?:cookie|domain|write|writeln|location|body\.innerhtml|localstorage|open)\b['\x22\]]*[\s]*(?:\(|\+|=|\)|;|$|\[)",
        ),
        (5, r"(?:\+|=|\()[\s]*document\.(?:cookie|domain|location)"),
        (5, r"(?:new image|\.src[\s]*=|location[\s]*=|location\.href[\s]*=|xmlhttprequest|fetch\()"),
        (10, r"\((?:alert|prompt|confirm)\)[\s]*[(`]"),
        (10, r"\[\]\[['\x22(\[!]|\(!\[\]\+"),
        (10, r"\b(?:self|top|window|this|parent|frames|globalthis)\[[^\]]{1,80}\][\s]*[(`]"),
        (
            10,
            r"constructor[\s]*(?:\.|\[['\x22`])[\s]*constructor|constructor[\s]*\([\s]*['\x22`\\].{0,80}(?:alert|prompt|confirm|document|window|eval|return)",
        ),
        (
            10,
            r"\{\{.{0,200}(?:constructor|\$eval|\$on\.|(?:alert|prompt)\s*[(`]|\$parse|orderby|tostring\(\)\.)",
        ),
        (10, r"expression[\s/*]*\([\s]*(?:alert|document|eval|window|prompt|open|write|url)"),
        (10, r"(?:-moz-binding|behaviou?r)[\s]*:[\s]*url"),
        (10, r"@import[\s]*['\x22(]*(?:url\()?['\x22]?(?:javascript|http|//|data)"),
        (10, r"\+adw-[^\s]{0,20}script|\+adw-"),
        (10, r"(?:\\x3c|\\u003c|\\74|%253c)[\s/]*(?:script|img|svg|iframe|body)"),
        (
            10,
            r"(?:^|['\x22;(])[\s]*(?:alert|prompt|confirm)[\s]*[(`][\s]*(?:['\x22`0-9/\\]|document|window|location|string|1|xss|this)[^)]{0,60}[)`]",
        ),
        (
            10,
            r"<[\s/!?]*[a-z][^>]{0,400}[\s/\x22'`\x00-\x20](?:on[a-z]{3,24}|formaction|srcdoc)[\s\x00-\x20]*=",
        ),
        (10, r"\bimport[\s]*\([\s]*['\x22`](?:data:|//|https?:)"),
        (10, r"(?:throw|onerror)[\s]*=[\s]*(?:alert|eval|prompt|confirm)"),
    ])
});

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    // Some parsers drop NUL, and a tag comes alive around it.
    if memchr::memchr(0, subject.lower).is_some() {
        let without: Vec<u8> = subject.lower.iter().copied().filter(|byte| *byte != 0).collect();
        if Tags::of(&without).dangerous().is_some() {
            return Some(0..subject.lower.len());
        }
    }
    let found = Tags::of(subject.lower).dangerous().or_else(|| SIGNS.find_in(subject))?;
    // `onClick={go}` is how components are written, not what a browser takes.
    let text = subject.lower.get(found.start..).unwrap_or_default();
    let component =
        memchr::memmem::find(text.get(..text.len().min(found.len() + 2)).unwrap_or_default(), b"={");
    (component.is_none() || !subject.is_document()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&SIGNS);
    }
}
