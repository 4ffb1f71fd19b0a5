use super::{Block, Document, Inline};

/// HTML, as Azure Boards has it in its long fields.
pub(in crate::tickets) fn html(document: &Document) -> String {
    document.0.iter().map(block).collect()
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("<h3>{}</h3>", escaped(text)),
        Block::Code(text) => format!("<pre>{}</pre>", escaped(text)),
        Block::Paragraph(lines) => {
            let lines: Vec<String> = lines.iter().map(|line| line.iter().map(inline).collect()).collect();
            format!("<p>{}</p>", lines.join("<br>"))
        }
    }
}

fn inline(inline: &Inline) -> String {
    match inline {
        Inline::Text(text) => escaped(text),
        Inline::Link(url) => format!("<a href=\"{0}\">{0}</a>", escaped(url)),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::{super::tests::hostile, *};

    #[test]
    fn no_tag_comes_from_what_is_written() {
        let html = html(&hostile());
        for tag in ["<img", "<b>", "</b>", "x</pre>"] {
            assert!(!html.contains(tag), "{html}");
        }
        assert!(html.starts_with("<h3>What &lt;b&gt;showed&lt;/b&gt; it</h3><p>&lt;img src=x"), "{html}");
        assert!(html.contains("<a href=\"https://console.example/issues/7?a=1&amp;b=2\">"), "{html}");
        assert!(html.ends_with("HTTP/1.1\nHost: a</pre>"), "{html}");
    }
}
