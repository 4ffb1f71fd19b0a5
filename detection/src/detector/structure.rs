//! Injection into structured languages: XML entities, LDAP filters, XPath, header lines, GraphQL.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const XXE_GATES: &[&str] =
    &["<!doctype", "<!entity", "xi:include", "xinclude", "<xsl:", "system", "<!element", "utf-7", "<xs:"];
pub(super) const LDAP_GATES: &[&str] = &[
    ":=",
    "=*",
    "*)",
    "%26",
    ")%00",
    ")\u{0}",
    "objectclass",
    "))",
    ") )",
    ")(",
    ") (",
    "*(",
    "* (",
    "(&",
    "( &",
    "(|",
    "( |",
    "(!",
    "( !",
    "&(",
    "& (",
    "|(",
    "| (",
    ")&",
    ") &",
    ")|",
    ") |",
    ")!",
    ") !",
];
pub(super) const XPATH_GATES: &[&str] =
    &["'", "\"", "//", "count(", "name(", "::", "text()", "position()", "last()", "doc(", "string-length("];
pub(super) const HEADER_GATES: &[&str] =
    &["\n", "\r", "\\r\\n", "%0a", "%0d", "\u{560a}", "\u{560d}", "%e5%98"];
pub(super) const GRAPHQL_GATES: &[&str] = &[
    "__schema",
    "__type",
    "oftype",
    "possibletypes",
    "inputfields",
    "enumvalues",
    "fragment",
    "introspection",
    "query",
    "mutation",
    "{",
];

static XXE: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"<!entity\s+(?:%\s*)?[^\s>]{1,80}\s+(?:system|public)\b"),
        (
            10,
            r"<!doctype\s[^>\[]{0,120}(?:system|public)\s+['\x22](?:file|ftp|php|expect|jar|netdoc|gopher|http://[^w]|http://(?:127|localhost|10\.|192\.168|169\.254|[0-9]+\.)|https?://[^'\x22]+\.dtd|/)",
        ),
        (10, r"<!entity\s+%?\s*[^\s>]+\s+['\x22]|<!doctype\s[^>]{0,80}\[\s*<!(?:entity|element|attlist)"),
        (
            10,
            r"<!element\s+[^\s>]{1,60}\s+(?:any|\(#any\))|<\?xml[^>]{0,60}encoding\s*=\s*['\x22]utf-7|<xs:include\s[^>]{0,200}https?:|<xsl:stylesheet\b",
        ),
        (10, r"<!doctype\s+[a-z_][^\s>\[]{0,60}\s+system\s+['\x22]"),
        (10, r"<xi:include|xmlns:xi\s*=|http://www\.w3\.org/2001/xinclude"),
        (
            10,
            r"<xsl:(?:value-of|include|import|template|variable)[^>]{0,120}(?:document\s*\(|system-property|php:function|unparsed-text|runtime)",
        ),
        (
            10,
            r"%(?:xxe|dtd|remote|file|asd|payload|all|send|param|int|ext|start|sp|eval|error|exfil[a-z]*|foo|a|b|c|p[0-9]);",
        ),
    ])
});

static LDAP: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[(
        10,
        r"\*?\) ?\( ?[|&!]|\) ?\( ?[a-z][a-z0-9;-]* ?(?:=|>=|<=|~=)[^()]*(?:\*|\)|$)|\* ?\) ?\)|\( ?[|&] ?\( ?[a-z]+ ?[~<>]?=[^()]*\)|\( ?! ?\(?[&|]? ?\(?[a-z]+ ?=|^ ?\* ?\( ?[|&]|\*\)\(\||\)\x00|^ ?[|&] ?\(|\)\)%00|^\)\(|\*\)\)|\(objectclass ?=|^[^()\s]*\)\(&\)|\*\(\)\|%26|\)\(cn=|admin\*\)?\(|^[a-z0-9@.]{0,20}\*\)[;)(]|\*\(\)?\||:[0-9]+(?:\.[0-9]+)+:=|[a-z0-9]\) ?[&|!] ?\([a-z]+=|^[a-z0-9]{0,40}\)!?[&|!]?\(!?[a-z]+=|^\(\*\)\*?\)|^\(?\|?\(?(?:mail|uid|cn|sn|objectclass|userpassword)=\*|\*\)[!&|]?\([a-z]+=|^[^()]{0,24}\) ?\( ?[|&!]|^\*\(\)[|&]|^\*\)\*$|^[^()]{0,24}=[^()]{0,24}\)\)$",
    )])
});

static XPATH: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"['\x22]\s*(?:or|and|\|)\s*(?:count|name|local-name|string-length|substring|starts-with|contains|position|last|text|string|codepoints-to-string|doc|not|true|false)\s*\(",
        ),
        (
            10,
            r"['\x22\])]\s*\|\s*//|['\x22\])]\s*(?:or|and)\s+(?://|\.\.?/|\*/)|/(?:child|parent|descendant|ancestor|following|preceding|attribute|self)(?:-or-self|-sibling)?::|count\s*\(\s*(?:/|//|\.\./|\*|\.)|string-length\s*\(\s*(?:name|//|/|\()|substring\s*\(\s*(?:name|//|/|string|\()[^)]*\)?|//\*\[|//[a-z*]+\[|\bposition\s*\(\s*\)\s*=|/text\s*\(\s*\)|\]/\*\||name\s*\(\s*/|doc\s*\(\s*(?:concat|['\x22]//)|^(?:and|or)\s+(?:string-length|count|position|local-name)\s*\(",
        ),
    ])
});

static HEADER: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (
            10,
            r"[\r\n]+[ \t]*(?:set-cookie|location|content-(?:type|length|disposition|encoding)|transfer-encoding|refresh|host|x-[a-z-]+|access-control-[a-z-]+|status|link|cache-control|last-modified|referer|user-agent|connection|header[a-z0-9-]*|[a-z]*injected?[a-z-]*|crlf[a-z-]*)[ \t]*(?::|%3a)",
        ),
        (10, r"[\r\n]+http/[0-9.]+ [0-9]{3}|[\r\n]+(?:get|post|head|put|delete|options) /[^\r\n]* http/"),
        (
            10,
            r"(?:%0d|\\r|%\n?0d)*(?:%0a|\\n|%\n?0a)(?:set-cookie|location|content-(?:length|type))[ \t]*(?::|%3a)|^(?:\\r\\n)+$|^[\r\n\x22]*%0[\r\n]+d%0",
        ),
        (10, r"[\r\n]{2,}\s*<(?:html|script|img|svg|body|h1|iframe)"),
        (
            10,
            r"(?:[\r\n]|%0a|%0d)+[ \t]*(?:bcc|cc|to|from|subject|reply-to|mime-version|return-path)[ \t]*(?::|%3a)",
        ),
        (
            10,
            r"[\r\n]+(?:mail from:|rcpt to:)|[\r\n.]+[\r\n]+(?:mail from|rcpt to|data|quit|helo|ehlo|vrfy|expn|rset|auth|noop|stat|retr|dele|uidl|capa|apop|(?:[a-z]?[0-9]{2,4} )?(?:capability|login|select|examine|fetch|store|logout|authenticate|starttls|list|lsub|create|delete|rename|search|uid))\b",
        ),
        (
            10,
            r"\xe5\x98[\x8a\x8d]|\r\n(?:set|get|config|slaveof|flushall|eval|save|keys|del|incr|auth|add|replace|stats|delete|gets|append|prepend|version|quit)[ \t]+[a-z0-9_:.*$'\x22/-]+",
        ),
    ])
});

/// A whole response behind a line end, which no letter holds.
static RESPONSE: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&[(10, r"\r\n\r?\n?http/[0-9.]+ [0-9]{3} [^\r\n]{0,40}\r\n[a-z-]+:")]));

static GRAPHQL: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"__schema\b\s*(?:\(|\{|\}|\\n|[^a-z]{0,6}\{)|__type\s*\(|introspectionquery"),
        (
            10,
            r"\b(?:querytype|mutationtype|subscriptiontype|oftype|possibletypes|inputfields|enumvalues)\s*(?:\([^)]{0,60}\)\s*)?\{|\bincludedeprecated\s*:\s*true|\bfragment\s+[a-z_]+\s+on\s+__",
        ),
        // Parts of an introspection, and what answers tell to those who guess at fields.
        (
            10,
            r"^[\s{]*(?:types|interfaces|args|directives|possibletypes|enumvalues|inputfields|oftype)\s*(?:\([^)]{0,40}\)\s*)?\{\s*$|cannot query field .{1,80}did you mean",
        ),
        // One operation under several names; a literal that ends in a quote; more directives than a field has use for.
        (
            10,
            r"\bq[a-z]*[0-9]*\s*:\s*query\s*\{.{0,200}\bq[a-z]*[0-9]+\s*:\s*query\s*\{|(?:@[a-z]+\s*){8,}|^(?:(?:query|mutation|subscription)\s*|[a-z]{2,20}\([a-z]+:\s*\x22[^)]{0,200}\)\s*)\{\s*$",
        ),
        (10, r"\.\.\.\s*([a-z]+)\s*\}\s*fragment\s+[a-z]+\s+on\s+[a-z]+\s*\{[^}]*\.\.\."),
    ])
});

pub(super) fn external_entity(subject: &Subject<'_>) -> Option<Range<usize>> {
    XXE.score(subject.lower)
        .filter(|score| score.total >= super::patterns::SURE && memchr::memchr(b'<', subject.lower).is_some())
        .map(|score| score.at)
}

pub(super) fn ldap(subject: &Subject<'_>) -> Option<Range<usize>> {
    let short = subject.lower.len() <= 300 && subject.words() <= 8;
    let place = matches!(subject.field.place, Place::GraphQl | Place::XmlDocument | Place::Body);
    // A browser's own headers hold brackets and asterisks by right.
    let header = matches!(subject.field.place, Place::Header)
        && (subject.words() > 1 || subject.name_is(&["accept", "user-agent", "if-none-match", "if-match"]));
    if !short || place || header { None } else { LDAP.find(subject.lower) }
}

pub(super) fn xpath(subject: &Subject<'_>) -> Option<Range<usize>> {
    let place = matches!(
        subject.field.place,
        Place::GraphQl | Place::XmlDocument | Place::Body | Place::Path | Place::Segment
    );
    if subject.lower.len() > 400 || place {
        return None;
    }
    let found = XPATH.find(subject.lower)?;
    // A path that is the whole value, as tools that test pages take it; an injection breaks out of something first.
    let whole = subject.field.place == Place::Json && subject.lower.starts_with(b"/");
    (!whole).then_some(found)
}

/// A line end in a place whose value servers copy into a header: another header, or a whole response, behind it.
pub(super) fn header(subject: &Subject<'_>) -> Option<Range<usize>> {
    let place = matches!(
        subject.field.place,
        Place::Query
            | Place::Form
            | Place::Path
            | Place::Segment
            | Place::Header
            | Place::Cookie
            | Place::Json
            | Place::Multipart
            | Place::Xml
    );
    // A long text may hold a letter's head by right.
    if !place || subject.lower.len() > 1000 {
        None
    } else if subject.is_document() {
        RESPONSE.find(subject.lower)
    } else {
        line_in_path(subject).or_else(|| HEADER.find(subject.lower)).or_else(|| any_header(subject))
    }
}

/// A path has one line.
fn line_in_path(subject: &Subject<'_>) -> Option<Range<usize>> {
    let path = matches!(subject.field.place, Place::Path | Place::Segment);
    let name = subject.field.place == Place::Query && subject.field.is_name;
    let at = memchr::memchr2(b'\n', b'\r', subject.lower).filter(|_| path || name)?;
    Some(at..at + 1)
}

/// The head of any header behind a line end of a parameter.
fn any_header(subject: &Subject<'_>) -> Option<Range<usize>> {
    let short = subject.lower.len() < 200 && subject.words() <= 6;
    if short && matches!(subject.field.place, Place::Query | Place::Cookie) {
        ANY_HEADER.find(subject.lower)
    } else {
        None
    }
}

static ANY_HEADER: LazyLock<Patterns> =
    LazyLock::new(|| Patterns::new(&[(10, r"\r\n[a-z][a-z0-9]*(?:-[a-z0-9]+){1,4}[\s]*:")]));

pub(super) fn graphql(subject: &Subject<'_>) -> Option<Range<usize>> {
    if let Some(range) = GRAPHQL.find(subject.lower) {
        return Some(range);
    }
    if matches!(subject.field.place, Place::Cookie | Place::Header | Place::Segment) {
        return OPERATION.find(subject.lower);
    }
    if subject.field.place != Place::GraphQl {
        return None;
    }
    nesting(subject.lower).or_else(|| aliases(subject.lower))
}

/// An operation where none belongs.
static OPERATION: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[(
        10,
        r"^(?:query|mutation|subscription)\b[^{}:]{0,60}\{|^(?:get|post) /[^\s?]*\?query=\{|^[a-z]{2,20}\([a-z]+:\s*\x22[^)]{0,80}(?:\)|$)|^[a-z]{2,20}\s?(?:\([^)]{0,80}\)\s*)?\{$",
    )])
});

/// Selections nested beyond what a client renders.
fn nesting(bytes: &[u8]) -> Option<Range<usize>> {
    const DEEP: usize = 15;
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEP {
            return Some(at..at + 1);
        }
    }
    None
}

/// The same field under many aliases, to try many values in one request.
fn aliases(bytes: &[u8]) -> Option<Range<usize>> {
    const MANY: usize = 20;
    static ALIAS: LazyLock<Patterns> =
        LazyLock::new(|| Patterns::new(&[(10, r"(?:\b[a-z_]+[0-9]+\s*:\s*[a-z_]+\s*[({][^:]{0,200}?){20}")]));
    let colons = memchr::memchr_iter(b':', bytes).take(MANY).count();
    if colons < MANY { None } else { ALIAS.find(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        for patterns in [&XXE, &LDAP, &XPATH, &HEADER, &RESPONSE, &GRAPHQL, &OPERATION, &ANY_HEADER] {
            LazyLock::force(patterns);
        }
    }
}
