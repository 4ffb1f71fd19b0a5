//! Attack payloads hold terminal escape sequences: a title change, a fake prompt, a copy to the clipboard (OSC 52),
//! text turned round by bidirectional overrides. Here they become visible text.

use std::{borrow::Cow, fmt::Write};

/// Text for one line: every character that could act on the terminal, line feed and tab included, is shown as
/// `\n`, `\t`, `\x1b` or `\u{202e}`.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape_where(text, acts)
}

/// Text over several lines: line feed and tab stay, the rest is as in [`line`].
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    escape_where(text, |c| acts(c) && c != '\n' && c != '\t')
}

/// Serialised JSON: serde_json escapes C0 only, C1 and bidirectional controls would pass. What is escaped here can
/// stand inside strings alone (line feeds are the indentation), so the document keeps its meaning.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| acts(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if acts(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                push(&mut escaped, format_args!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// C0, DEL and C1 (ECMA-48), bidirectional controls (UAX #9), line and paragraph separators, and the invisible
/// characters that make two different texts look alike.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn escape_where(text: &str, acts: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&acts) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        match c {
            _ if !acts(c) => escaped.push(c),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ if u32::from(c) < 0x100 => push(&mut escaped, format_args!("\\x{:02x}", u32::from(c))),
            _ => push(&mut escaped, format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    Cow::Owned(escaped)
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_sequence_becomes_visible_text() {
        assert_eq!(line("/\u{1b}]0;owned\u{7}"), "/\\x1b]0;owned\\x07");
    }

    #[test]
    fn the_eight_bit_introducer_of_c1_is_escaped_too() {
        assert_eq!(line("\u{9b}2J"), "\\x9b2J");
    }

    #[test]
    fn a_line_feed_cannot_start_a_forged_row() {
        assert_eq!(line("a\r\nb\tc"), "a\\r\\nb\\tc");
    }

    #[test]
    fn a_block_keeps_line_feeds_and_escapes_a_carriage_return_that_would_overwrite_the_line() {
        assert_eq!(block("a\nb\rc\u{8}"), "a\nb\\rc\\x08");
    }

    #[test]
    fn text_cannot_be_turned_round() {
        assert_eq!(line("user\u{202e}txt.exe"), "user\\u{202e}txt.exe");
    }

    #[test]
    fn ordinary_text_of_any_script_stays() {
        assert_eq!(line("/поиск?q=日本語"), "/поиск?q=日本語");
    }

    #[test]
    fn json_means_the_same_after_escaping() {
        let value = serde_json::json!({"a": "\u{1b}[2J \u{9b}31m \u{202e} \u{e0041}\u{7f}"});
        let text = format!("{value:#}");
        let escaped = json(&text);
        assert!(escaped.chars().all(|c| c == '\n' || !acts(c)), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
