//! Texts that a server would put together of pieces: `CHAR(97)+CHAR(98)`, `concat('a', 0x62)`, `'a'||'b'`.

use std::sync::LazyLock;

use regex::Regex;

use super::expression::{Expression, Value, expression};

/// A mark shorter than this stands in answers by chance.
const SHORTEST_MARK: usize = 3;
const MAX_MARKS: usize = 8;

expression!(
    CHARACTERS,
    r"(?i-u)(?:n?char|chr|fromcharcode)\s*\(\s*[0-9]{1,3}(?:\s*,\s*[0-9]{1,3}){0,64}\s*\)(?:\s*(?:\+|\.|\|\||,|&)\s*n?ch(?:a)?r\s*\(\s*[0-9]{1,3}\s*\)){0,64}"
);
expression!(NUMBER, r"[0-9]{1,3}");
expression!(HEXADECIMAL, r"(?i-u)\b0x((?:[0-9a-f]{2}){3,64})\b");
expression!(QUOTED, r#"(?-u)['"][\w~:.-]{1,40}['"](?:\s*(?:\|\||\+|\.)\s*['"][\w~:.-]{1,40}['"]){1,16}"#);
expression!(
    CONCAT,
    r#"(?i-u)concat(?:_ws)?\s*\(\s*(['"][\w~:.-]{1,40}['"](?:\s*,\s*['"][\w~:.-]{1,40}['"]){1,16})\s*\)"#
);
expression!(PIECE, r#"['"]([\w~:.-]{1,40})['"]"#);

pub(super) fn expressions(text: &str) -> Vec<Expression> {
    let mut found = Vec::new();
    let characters =
        CHARACTERS.find_iter(text).filter_map(|run| Some((run.as_str(), characters(run.as_str())?)));
    let hexadecimal = HEXADECIMAL
        .captures_iter(text)
        .filter_map(|run| Some((run.get(0)?.as_str(), bytes(run.get(1)?.as_str())?)));
    for runs in [characters.collect::<Vec<_>>(), hexadecimal.collect()] {
        let marks: Vec<(&str, String)> =
            runs.into_iter().filter(|(_, mark)| mark.len() >= SHORTEST_MARK).take(MAX_MARKS).collect();
        let source = marks.first().map_or("", |(source, _)| *source).to_owned();
        match marks.as_slice() {
            [] => {}
            [(_, mark)] if !is_telling(mark) => {}
            [(_, mark)] => found.push(Expression { source, value: Value::Text(mark.clone()) }),
            several if several.iter().map(|(_, mark)| mark.len()).sum::<usize>() >= 6 => {
                let marks = several.iter().map(|(_, mark)| mark.clone()).collect();
                found.push(Expression { source, value: Value::Marks(marks) });
            }
            _ => {}
        }
    }
    let quoted = QUOTED.find_iter(text).map(|found| found.as_str());
    let concat = CONCAT.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()));
    for source in quoted.chain(concat) {
        let joined: String =
            PIECE.captures_iter(source).filter_map(|piece| Some(piece.get(1)?.as_str())).collect();
        if is_telling(&joined) {
            found.push(Expression { source: source.to_owned(), value: Value::Text(joined) });
        }
    }
    found
}

/// Whether it is in no answer by chance: no word of a language, and long enough.
pub(super) fn is_telling(text: &str) -> bool {
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    let has_vowel = text.bytes().any(|byte| b"aeiouyAEIOUY".contains(&byte));
    match text.len() {
        ..5 => false,
        5..10 => has_digit || !has_vowel,
        _ => true,
    }
}

fn characters(run: &str) -> Option<String> {
    let codes = NUMBER.find_iter(run).map(|code| code.as_str().parse::<u8>().ok());
    let text: String = codes
        .map(|code| code.filter(|code| (32..127).contains(code)).map(char::from))
        .collect::<Option<_>>()?;
    Some(text)
}

fn bytes(digits: &str) -> Option<String> {
    let text = String::from_utf8(hex::decode(digits).ok()?).ok()?;
    text.bytes().all(|byte| (32..127).contains(&byte)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<Value> {
        expressions(text).into_iter().map(|expression| expression.value).collect()
    }

    #[test]
    fn characters_make_marks() {
        let text = "(SELECT CHAR(113)+CHAR(107)+CHAR(112)+(SELECT 1)+CHAR(113)+CHAR(120)+CHAR(113))";
        assert_eq!(values(text), [Value::Marks(vec!["qkp".into(), "qxq".into()])]);
        assert_eq!(
            values("concat(0x717a6b7071,(select 1),0x7178706b71)"),
            [Value::Marks(vec!["qzkpq".into(), "qxpkq".into()])]
        );
    }

    #[test]
    fn quoted_pieces_are_joined_unless_they_make_a_word() {
        assert_eq!(values("'ab1'||'cd2'"), [Value::Text("ab1cd2".into())]);
        assert_eq!(values("concat('x9','y8','z7')"), [Value::Text("x9y8z7".into())]);
        assert_eq!(values("'ad'||'min'"), []);
        assert_eq!(values(r#"["a1b2","c3d4"]"#), []);
    }
}
