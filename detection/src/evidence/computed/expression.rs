use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::Md5;
use regex::{Captures, Regex};
use sha1::{Digest as _, Sha1};

use super::joined;

/// Longer values are no probes.
const MAX_VALUE: usize = 8 << 10;
const MAX_ARGUMENT: usize = 64;
/// Of a product.
const MAX_FACTORS: usize = 4;

/// Something in a request that a server may evaluate, and what would come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// As it was sent.
    pub(super) source: String,
    pub(super) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// Of so many digits that no other number of the answer is it by chance.
    Number(String),
    Small(String),
    Text(String),
    /// 32 hexadecimal digits or more.
    Digest(String),
    /// Texts that would stand in this order around what was asked for.
    Marks(Vec<String>),
    /// What a command that prints would print; the request holds it, too.
    Printed {
        verb: String,
        marker: String,
    },
}

macro_rules! expression {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("a constant expression"));
    };
}
pub(super) use expression;

expression!(ARITHMETIC, r#"(?-u)\b([0-9]{1,18})\s*\\?([*+-])\s*(['"]?)([0-9]{1,18})\b"#);
expression!(FACTOR, r"(?-u)^\s*\*\s*([0-9]{1,18})\b");
expression!(
    CALL,
    r"(?i-u)\b(md5|sha1|base64_encode|to_base64|btoa|base64_decode|from_base64|atob|strrev|reverse|str_rot13|bin2hex|unhex|strtoupper|upper|ucase)(?:sum|_hex|hex)?(?:\s*\(\s*|['\x22]\s*,\s*)"
);
expression!(
    PIPE,
    r#"(?i-u)(?:echo(\s+-n)?\s+)?['"]?([\w.=+/-]{1,64})['"]?\s*\|\s*(md5sum|md5|sha1sum|sha1|base64\s+-d|base64|rev|upper)\b"#
);
expression!(
    PRINT,
    r#"(?i-u)\b(echo|printf|println|print_r|print|var_dump|die|exit|puts|write)\s*\(?\s*(?:-[ne]\s+)?['"]?([A-Za-z0-9_-]{6,64})\b"#
);
expression!(SELECTED, r#"(?i-u)\b(select)\b[ -!#-&(-~]{0,200}['"]([A-Za-z0-9_:~-]{6,64})['"]"#);

/// What of a value may be evaluated.
pub(super) fn expressions(value: &[u8]) -> Vec<Expression> {
    let value = value.get(..MAX_VALUE).unwrap_or(value);
    let Ok(text) = std::str::from_utf8(value) else { return Vec::new() };
    let mut found: Vec<Expression> = Vec::new();
    found.extend(CALL.captures_iter(text).filter_map(|call| called(text, &call)));
    found.extend(PIPE.captures_iter(text).filter_map(|pipe| piped(&pipe)));
    found.extend(ARITHMETIC.captures_iter(text).filter_map(|sum| calculated(text, &sum)));
    found.extend(joined::expressions(text));
    let printed = PRINT.captures_iter(text).chain(SELECTED.captures_iter(text));
    found.extend(printed.filter_map(|print| printed_marker(&print)));
    found
}

fn called(text: &str, call: &Captures<'_>) -> Option<Expression> {
    let whole = call.get(0)?;
    let rest = text.get(whole.end()..)?;
    let argument = argument(rest)?;
    let shown = rest.find(')').map_or(0, |end| end + 1).min(MAX_ARGUMENT);
    let source = format!("{}{}", whole.as_str(), rest.get(..shown).unwrap_or_default());
    let value = applied(&call.get(1)?.as_str().to_ascii_lowercase(), &argument)?;
    Some(Expression { source, value })
}

fn piped(pipe: &Captures<'_>) -> Option<Expression> {
    let (whole, argument, filter) = (pipe.get(0)?, pipe.get(2)?, pipe.get(3)?);
    let filter = filter.as_str().to_ascii_lowercase();
    let is_shell = whole.as_str().to_ascii_lowercase().starts_with("echo") && pipe.get(1).is_none();
    let argument = match filter.as_str() {
        // `echo` ends its line, and that is a part of what is hashed or encoded.
        "md5sum" | "sha1sum" | "base64" if is_shell => format!("{}\n", argument.as_str()),
        _ => argument.as_str().to_owned(),
    };
    let function = match filter.as_str() {
        "md5sum" | "md5" => "md5",
        "sha1sum" | "sha1" => "sha1",
        "base64" => "btoa",
        "rev" => "strrev",
        "upper" => "upper",
        _ => "atob",
    };
    Some(Expression { source: whole.as_str().to_owned(), value: applied(function, &argument)? })
}

fn applied(function: &str, argument: &str) -> Option<Value> {
    let text = |text: String| joined::is_telling(&text).then_some(Value::Text(text));
    match function {
        "md5" => Some(Value::Digest(hex::encode(Md5::digest(argument)))),
        "sha1" => Some(Value::Digest(hex::encode(Sha1::digest(argument)))),
        "base64_encode" | "to_base64" | "btoa" => {
            text(STANDARD.encode(argument).trim_end_matches('=').to_owned())
        }
        "base64_decode" | "from_base64" | "atob" => {
            text(String::from_utf8(STANDARD.decode(argument).ok()?).ok()?.trim().to_owned())
        }
        "strrev" | "reverse" => text(argument.chars().rev().collect()),
        "str_rot13" => text(argument.chars().map(rotated).collect()),
        "bin2hex" => text(hex::encode(argument)),
        "unhex" => text(String::from_utf8(hex::decode(argument).ok()?).ok()?),
        _ => Some(argument.to_ascii_uppercase()).filter(|upper| upper != argument).and_then(text),
    }
}

fn rotated(letter: char) -> char {
    let turn = |base: u8| char::from((letter as u8 - base + 13) % 26 + base);
    match letter {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        other => other,
    }
}

/// A number, a word, a product or a quoted text at the start of `rest`.
fn argument(rest: &str) -> Option<String> {
    let rest = rest.trim_start_matches('\\').trim_start();
    let unprefixed = rest.strip_prefix(['b', 'n', 'N', 'u']).filter(|rest| rest.starts_with(['\'', '"']));
    let rest = unprefixed.unwrap_or(rest);
    if let Some(quote) = rest.chars().next().filter(|first| matches!(first, '\'' | '"')) {
        let inner = rest.get(1..)?;
        let end = inner.find(quote).filter(|end| *end <= MAX_ARGUMENT)?;
        return Some(inner.get(..end)?.trim_end_matches('\\').to_owned());
    }
    let end = rest.find([')', ',', ';', '\'', '"', '<', '|', '&'])?;
    let bare = rest.get(..end).filter(|bare| !bare.is_empty() && bare.len() <= MAX_ARGUMENT)?.trim();
    if let Some(Value::Number(number) | Value::Small(number)) = ARITHMETIC
        .captures(bare)
        .filter(|sum| sum.get(0).is_some_and(|all| all.as_str() == bare))
        .and_then(|sum| calculated(bare, &sum))
        .map(|sum| sum.value)
    {
        return Some(number);
    }
    let hexadecimal = bare.strip_prefix("0x").and_then(|digits| hex::decode(digits).ok());
    if let Some(bytes) = hexadecimal {
        return String::from_utf8(bytes).ok();
    }
    bare.chars()
        .all(|each| each.is_ascii_alphanumeric() || matches!(each, '_' | '-' | '.'))
        .then(|| bare.to_owned())
}

/// Sums and differences need more digits than products: dates and telephone numbers look like them.
fn calculated(text: &str, sum: &Captures<'_>) -> Option<Expression> {
    let (left, right) = (sum.get(1)?.as_str(), sum.get(4)?.as_str());
    let quoted = sum.get(3).is_some_and(|quote| !quote.is_empty());
    let (a, b) = (left.parse::<i128>().ok()?, right.parse::<i128>().ok()?);
    let shortest = left.len().min(right.len());
    let value = match sum.get(2)?.as_str() {
        "*" if quoted => {
            let times = usize::try_from(a).ok().filter(|times| (2..=32).contains(times))?;
            Some(right.repeat(times)).filter(|text| text.len() >= 5).map(Value::Text)
        }
        "*" => {
            let mut rest = text.get(sum.get(0)?.end()..)?;
            let mut product = a * b;
            for _ in 2..MAX_FACTORS {
                let Some(factor) = FACTOR.captures(rest) else { break };
                product = product.checked_mul(factor.get(1)?.as_str().parse().ok()?)?;
                rest = rest.get(factor.get(0)?.end()..)?;
            }
            let product = product.to_string();
            Some(if product.len() < 5 { Value::Small(product) } else { Value::Number(product) })
        }
        "+" if shortest >= 3 => Some((a + b).to_string()).filter(|sum| sum.len() >= 5).map(Value::Number),
        "-" if shortest >= 5 => Some((a - b).to_string()).filter(|rest| rest.len() >= 6).map(Value::Number),
        _ => None,
    }?;
    let is_trivial = a < 2 || b < 2;
    (!is_trivial).then(|| Expression { source: sum.get(0).map_or("", |all| all.as_str()).to_owned(), value })
}

fn printed_marker(print: &Captures<'_>) -> Option<Expression> {
    let (verb, marker) = (print.get(1)?.as_str(), print.get(2)?.as_str());
    let digits = marker.bytes().filter(u8::is_ascii_digit).count();
    let has_letters = digits < marker.len();
    let is_random = digits >= 2 && (has_letters || marker.len() >= 8);
    is_random.then(|| Expression {
        source: print.get(0).map_or("", |all| all.as_str()).to_owned(),
        value: Value::Printed { verb: verb.to_ascii_lowercase(), marker: marker.to_owned() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Value> {
        expressions(text.as_bytes()).into_iter().map(|expression| expression.value).collect()
    }

    #[test]
    fn hashes_of_constants_are_computed() {
        let digest = || vec![Value::Digest("202cb962ac59075b964b07152d234b70".into())];
        for text in [
            "updatexml(1,concat(0x7e,md5(123)),1)",
            "print(md5(\"123\"));",
            "echo -n 123|md5sum",
            "hash('md5', '123')",
            "{{123|md5}}",
        ] {
            assert_eq!(
                values(text)
                    .into_iter()
                    .filter(|value| matches!(value, Value::Digest(_)))
                    .collect::<Vec<_>>(),
                digest(),
                "{text}"
            );
        }
    }

    #[test]
    fn products_are_computed_and_dates_are_not() {
        assert_eq!(values("{{ 913 * 871 * 17 }}"), [Value::Number("13518791".into())]);
        assert_eq!(values("${1234*5678}"), [Value::Number("7006652".into())]);
        assert_eq!(values("{{7*7}}"), [Value::Small("49".into())]);
        assert_eq!(values("{{7*'7'}}"), [Value::Text("7777777".into())]);
        assert_eq!(values("expr 326695 - 999434"), [Value::Number("-672739".into())]);
        assert_eq!(values("expr 31337 \\* 41"), [Value::Number("1284817".into())]);
        assert_eq!(values("2024-10-01 555-1234 +1 1*1"), []);
    }

    #[test]
    fn what_a_command_prints_is_known() {
        let printed = Value::Printed { verb: "echo".into(), marker: "abc123xyz".into() };
        assert_eq!(values("; echo abc123xyz"), [printed]);
        assert_eq!(values("echo hello world"), []);
    }
}
