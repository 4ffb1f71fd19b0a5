//! NoSQL injection: query operators where a value belongs, and server-side JavaScript.
//!
//! Operators alone are no attack: OData, Parse and search APIs take them by design. They are one where a credential
//! is compared with them, or where they come in through bracketed form parameters.

use std::{ops::Range, sync::LazyLock};

use super::{Subject, patterns::Patterns};
use crate::view::Place;

pub(super) const GATES: &[&str] =
    &["$", "[$", "'", "\"", "this.", "return", "db.", "mapreduce", "||", "&&", "sleep(", "ne]", "where"];

static SIGNS: LazyLock<Patterns> = LazyLock::new(|| {
    Patterns::new(&[
        (10, r"\$where['\x22]?\s*[:=\]]"),
        (
            10,
            r"[{,]\s*['\x22]?\$(?:ne|gt|gte|lt|lte|nin|in|regex|exists|where|or|nor|eq|not|type|mod|expr|func|all|size|elemmatch|options|jsonschema|text)['\x22]?\s*:",
        ),
        (
            10,
            r"['\x22]\s*(?:\|\||&&)\s*['\x22]?[a-z0-9_.]+['\x22]?\s*(?:===?|!==?|>|<|\.match|\|\||//|%00|\x00)",
        ),
        (
            10,
            r"(?:\|\||&&)\s*(?:this\.[a-z_]+|!?this\b|sleep\s*\(|true\b|1\s*={2,3}\s*1|['\x22]1['\x22]\s*={2,3}|object\.keys)",
        ),
        (
            10,
            r"['\x22};]\s*;?\s*(?:return\s*(?:true|!?1|\(|this|['\x22{])|while\s*\((?:true|1)|sleep\s*\([0-9]|var [a-z_]+\s*=|this\.[a-z_]+)",
        ),
        (
            10,
            r"\bdb\s*\.\s*(?:[a-z_]+\s*\.\s*(?:find|insert|update|remove|drop|save|count|aggregate|distinct|group|mapreduce)|getcollectionnames|getcollection|dropdatabase|stores|injection|users|version|hostinfo|serverstatus|eval)",
        ),
        (
            10,
            r"\bthis\.(?:password|passwd|pass|username|user|email|token|credits?|constructor|[a-z_]+\.(?:match|length))\b[^\n]{0,20}(?:==|!=|<|>|match|\.|\[)",
        ),
        (10, r"\bmapreduce\b.{0,80}function|tojson(?:online)?\s*\(|\bemit\s*\(\s*this"),
        (10, r"function\s*\(\s*\)\s*\{\s*(?:return|sleep|var|while|if)"),
        (10, r"['\x22]\s*,\s*\$(?:or|and|where|ne|gt|nor|comment)\s*:"),
        (10, r"^true\s*,\s*\$|\$(?:or|nor|and)\s*:\s*\[\s*\{"),
        (10, r"(?:^|[&?a-z0-9_\]])\[\$(?:ne|gte?|lte?|n?in|regex|exists|not|eq|where|or)\](?:\[\])?\s*="),
        (
            10,
            r"^\W{0,3}[{]\s*['\x22][$&](?:ne|gte?|lte?|n?in|regex|exists|not|where)['\x22]\s*:[^{}]{0,60}\}\s*$",
        ),
        (10, r"['\x22]\s*[}\]]\s*[\]},]{0,3}\s*,?\s*\$(?:comment|or|where|ne|gt)\b"),
        (10, r"\b_all_docs\b|/_(?:users|session|config|replicate)\b"),
    ])
});

const OPERATORS: &[&str] = &[
    "$ne",
    "$gt",
    "$gte",
    "$lt",
    "$lte",
    "$in",
    "$nin",
    "$regex",
    "$exists",
    "$where",
    "$or",
    "$nor",
    "$not",
    "$eq",
    "$type",
    "$mod",
    "$expr",
    "$func",
    "$elemmatch",
    "$size",
    "$all",
    "$options",
    "$comment",
    "$function",
    "$accumulator",
    "$lookup",
];

const CREDENTIALS: &[&str] = &[
    "user",
    "username",
    "login",
    "email",
    "mail",
    "password",
    "passwd",
    "pass",
    "pwd",
    "token",
    "otp",
    "pin",
    "secret",
    "apikey",
    "api_key",
    "code",
    "resettoken",
    "resetpasswordtoken",
    "session",
    "sessiontoken",
    "key",
    "auth",
];

pub(super) fn find(subject: &Subject<'_>) -> Option<Range<usize>> {
    let field = subject.field;
    let whole = 0..subject.lower.len();
    if field.is_name {
        let bracketed = subject.lower.iter().position(|byte| *byte == b'[').and_then(|open| {
            let inner = subject.lower.get(open + 1..)?;
            let inner = inner.split(|byte| *byte == b']').next()?;
            OPERATORS.iter().any(|operator| operator.as_bytes() == inner).then_some(open)
        });
        if bracketed.is_some() && matches!(field.place, Place::Query | Place::Form | Place::Multipart) {
            return Some(whole);
        }
        let name = std::str::from_utf8(subject.lower).ok()?;
        if matches!(field.place, Place::Json) && OPERATORS.contains(&name) {
            let server_side = matches!(name, "$where" | "$function" | "$accumulator" | "$func");
            return (server_side || compares_a_credential(&field.name)).then_some(whole);
        }
        if !matches!(field.place, Place::Query | Place::Form) {
            return None;
        }
    }
    if subject.lower.len() > 2000 || is_condition(subject) {
        return None;
    }
    SIGNS.find_in(subject)
}

/// A condition of a document that somebody wrote whole, as rule languages have them (`user.role == 'a' || …`): it
/// compares before its first quote, where an injection would close a literal.
pub(super) fn is_condition(subject: &Subject<'_>) -> bool {
    let quote = memchr::memchr2(b'\'', b'"', subject.lower);
    let before = quote.and_then(|at| subject.lower.get(..at)).unwrap_or_default().trim_ascii_end();
    subject.field.place == Place::Json && (before.ends_with(b"==") || before.ends_with(b"!="))
}

/// `user.password.$ne`: the name before the operator.
fn compares_a_credential(path: &str) -> bool {
    let parent = path.rsplit('.').nth(1).unwrap_or_default().trim_end_matches("[]").to_ascii_lowercase();
    CREDENTIALS.contains(&parent.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_expression_compiles() {
        LazyLock::force(&SIGNS);
    }
}
