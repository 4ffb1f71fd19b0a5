//! A ticket's text, before it is put into the words of a tracker's format. All of it is plain text: only a format makes markup.

mod adf;
mod html;
mod wiki;

pub(super) use self::{adf::adf, html::html, wiki::wiki};

/// Characters of a document, of the 32,767 that Jira takes: escaping may double them.
const MOST: usize = 16_000;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document(pub(super) Vec<Block>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    Heading(String),
    /// Its lines.
    Paragraph(Vec<Vec<Inline>>),
    /// As it is.
    Code(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Inline {
    Text(String),
    Link(String),
}

impl Document {
    /// One paragraph.
    pub(super) fn line(text: &str) -> Self {
        Self(vec![Block::Paragraph(vec![vec![Inline::Text(text.to_owned())]])])
    }

    pub(super) fn and_link(mut self, url: Option<&str>) -> Self {
        if let (Some(url), Some(Block::Paragraph(lines))) = (url, self.0.last_mut()) {
            lines.push(vec![Inline::Link(url.to_owned())]);
        }
        self
    }

    /// As much of it as trackers take, and a word where something is missing.
    pub(super) fn bounded(self) -> Self {
        let mut left = MOST;
        let mut blocks = Vec::new();
        for mut block in self.0 {
            let is_cut = match &mut block {
                Block::Heading(text) | Block::Code(text) => take(text, &mut left),
                Block::Paragraph(lines) => {
                    let mut is_cut = false;
                    for part in lines.iter_mut().flatten() {
                        if let Inline::Text(text) = part {
                            is_cut |= take(text, &mut left);
                        }
                    }
                    is_cut
                }
            };
            blocks.push(block);
            if is_cut {
                blocks.extend(Self::line("(The rest is cut off here.)").0);
                break;
            }
        }
        Self(blocks)
    }
}

fn take(text: &mut String, left: &mut usize) -> bool {
    let is_cut = text.len() > *left;
    if is_cut {
        text.truncate(text.floor_char_boundary(*left));
    }
    *left = left.saturating_sub(text.len());
    is_cut
}

/// Without what no format can carry: control characters but for line feed and tab.
pub(super) fn clean(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    text.chars()
        .map(
            |letter| {
                if letter.is_control() && letter != '\n' && letter != '\t' { '\u{fffd}' } else { letter }
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an attacker would write to have it act in a ticket.
    pub(super) fn hostile() -> Document {
        let text = "<img src=x onerror=alert(1)> {html}x{html} [~admin] !http://evil/x.png! h1. *a* \\ & |";
        Document(vec![
            Block::Heading("What <b>showed</b> it".to_owned()),
            Block::Paragraph(vec![
                vec![Inline::Text(text.to_owned())],
                vec![Inline::Link("https://console.example/issues/7?a=1&b=2".to_owned())],
            ]),
            Block::Code("GET /x</pre>{noformat}[a|javascript:alert(1)] HTTP/1.1\nHost: a".to_owned()),
        ])
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let long = Document(vec![Block::Code("é".repeat(20_000)), Block::Heading("never".to_owned())]);
        let Document(blocks) = long.bounded();
        let [Block::Code(code), Block::Paragraph(_)] = blocks.as_slice() else { panic!("{}", blocks.len()) };
        assert!(code.len() <= MOST && code.ends_with('é'));
        let short = Document::line("short");
        assert_eq!(short.clone().bounded(), short);
    }
}
