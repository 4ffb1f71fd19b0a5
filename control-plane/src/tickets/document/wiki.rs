use super::{Block, Document, Inline};

/// Jira's wiki markup, which REST API 2 takes. A backslash makes what follows it a plain character; a backslash itself would be
/// half of a line break, so that one and `&` are entities.
pub(in crate::tickets) fn wiki(document: &Document) -> String {
    let blocks: Vec<String> = document.0.iter().map(block).collect();
    blocks.join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("h3. {}", escaped(text)),
        Block::Code(text) => format!("{{noformat}}\n{}\n{{noformat}}", unended(text)),
        Block::Paragraph(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| line.iter().map(inline).collect()).collect();
            lines.join("\n")
        }
    }
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => escaped(text),
        Inline::Link(url) => format!("[{}]", url.replace(['[', ']', '|'], "")),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut is_first = true;
    for (at, letter) in text.char_indices() {
        match letter {
            '\\' => escaped.push_str("&#92;"),
            '&' => escaped.push_str("&amp;"),
            // Lists, macros, links, images, tables, emphasis, mentions; a colon makes links and smileys.
            '{' | '}' | '[' | ']' | '(' | ')' | '*' | '_' | '-' | '+' | '^' | '~' | '?' | '|' | '!' | '#'
            | ':' | '@' | ';' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            'h' if is_first && is_heading(text.get(at + 1..)) => escaped.push_str("&#104;"),
            'b' if is_first && text.get(at + 1..).is_some_and(|rest| rest.starts_with("q.")) => {
                escaped.push_str("&#98;");
            }
            other => escaped.push(other),
        }
        is_first = letter == '\n' || (is_first && letter.is_whitespace());
    }
    escaped
}

/// What stands behind the `h` of `h1.`
fn is_heading(rest: Option<&str>) -> bool {
    rest.is_some_and(|rest| matches!(rest.as_bytes(), [level, b'.', ..] if level.is_ascii_digit()))
}

/// Nothing in it ends the block that it stands in.
fn unended(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut safe = String::with_capacity(text.len());
    for (at, letter) in text.char_indices() {
        safe.push(letter);
        if lower.get(at..).is_some_and(|rest| rest.starts_with("{noformat")) {
            safe.push('\u{200b}');
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{super::tests::hostile, *};

    #[test]
    fn no_markup_comes_from_what_is_written() {
        let wiki = wiki(&hostile());
        let [heading, paragraph, code] = wiki.split("\n\n").collect::<Vec<_>>()[..] else { panic!("{wiki}") };
        assert_eq!(heading, "h3. What <b>showed</b> it");
        for (plain, escaped) in [
            ("{html}", "\\{html\\}"),
            ("[~admin]", "\\[\\~admin\\]"),
            ("!http://", "\\!http\\://"),
            ("*a*", "\\*a\\*"),
            (" \\ & |", " &#92; &amp; \\|"),
        ] {
            assert!(paragraph.contains(escaped), "{plain}: {paragraph}");
        }
        assert!(paragraph.ends_with("\n[https://console.example/issues/7?a=1&b=2]"), "{paragraph}");
        assert_eq!(code.matches("{noformat}").count(), 2, "{code}");
        assert!(code.starts_with("{noformat}\nGET") && code.ends_with("\nHost: a\n{noformat}"), "{code}");
    }

    #[test]
    fn a_line_that_begins_like_a_heading_or_a_quote_is_neither() {
        assert_eq!(escaped("h1. a\n bq. b\nhub"), "&#104;1. a\n &#98;q. b\nhub");
    }
}
