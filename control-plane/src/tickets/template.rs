//! Templates of a ticket's text: plain text with `{placeholders}`. `{{` and `}}` are the brackets themselves.
//!
//! A line that begins with `# ` is a heading. A line whose placeholders all stand for nothing is left out, and so is a heading
//! that nothing follows, so that one template does for events and issues.

use std::collections::BTreeMap;

use super::document::{Block, Document, Inline, clean};

/// Characters that Jira and Azure Boards take as a title, less one for the ellipsis.
const MAX_SUMMARY: usize = 250;
pub(super) const MAX_TEMPLATE: usize = 8_192;

pub(super) const SUMMARY: &str = "[{severity}] {name}: {method} {host}{endpoint}";
pub(super) const DESCRIPTION: &str = "{description}

Severity: {severity}
Category: {category}
Where: {method} {host}{endpoint}
In: {detail}
Actor: {actor}
Country: {country}
Succeeded: {success}
First seen: {first_seen}
Last seen: {last_seen}
Tags: {tags}

# What showed it
{evidence}

# Impact
{impact}

# What to do
{remediation}

# References
{references}

{link}
";

/// What a placeholder may be called, and whether it takes a line of its own: those become blocks of code.
const NAMES: [(&str, bool); 27] = [
    ("kind", false),
    ("id", false),
    ("link", false),
    ("severity", false),
    ("status", false),
    ("name", false),
    ("check", false),
    ("policy", false),
    ("category", false),
    ("method", false),
    ("host", false),
    ("endpoint", false),
    ("detail", false),
    ("actor", false),
    ("country", false),
    ("success", false),
    ("first_seen", false),
    ("last_seen", false),
    ("description", false),
    ("impact", false),
    ("remediation", false),
    ("references", false),
    ("tags", false),
    ("sensor", false),
    ("evidence", true),
    ("request", true),
    ("response", true),
];

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadTemplate {
    #[error("line {line}: there is no placeholder {{{name}}}; there are {known}")]
    Unknown { line: usize, name: String, known: String },
    #[error("line {line}: {{{name}}} takes a line of its own")]
    Alone { line: usize, name: &'static str },
    #[error("line {line}: a bracket without its other half; {{{{ and }}}} are the brackets themselves")]
    Bracket { line: usize },
    #[error("is one line")]
    Lines,
    #[error("is empty")]
    Empty,
    #[error("is at most {MAX_TEMPLATE} bytes long")]
    TooLong,
}

/// What placeholders stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(BTreeMap<&'static str, String>);

impl Values {
    pub(super) fn set(&mut self, name: &'static str, value: impl Into<String>) {
        debug_assert!(NAMES.iter().any(|(known, _)| *known == name));
        self.0.insert(name, clean(value.into().trim()));
    }

    fn of(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

enum Part {
    Literal(String),
    Value(&'static str),
}

enum Line {
    Blank,
    Heading(Vec<Part>),
    Text(Vec<Part>),
    Block(&'static str),
}

pub(super) struct Template(Vec<Line>);

impl Template {
    pub(super) fn summary(text: &str) -> Result<Self, BadTemplate> {
        let template = Self::parse(text.trim())?;
        match template.0.as_slice() {
            [Line::Text(_)] => Ok(template),
            [] | [Line::Blank] => Err(BadTemplate::Empty),
            [Line::Block(name)] => Err(BadTemplate::Alone { line: 1, name }),
            _ => Err(BadTemplate::Lines),
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, BadTemplate> {
        if text.len() > MAX_TEMPLATE {
            return Err(BadTemplate::TooLong);
        }
        let lines = text.lines().enumerate().map(|(index, text)| line(text, index + 1));
        lines.collect::<Result<_, _>>().map(Self)
    }

    /// On one line, as long as titles may be.
    pub(super) fn title(&self, values: &Values) -> String {
        let parts = self.0.iter().flat_map(|line| match line {
            Line::Text(parts) | Line::Heading(parts) => parts.as_slice(),
            Line::Blank | Line::Block(_) => &[],
        });
        let whole: String = parts
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Value(name) => values.of(name),
            })
            .collect();
        let flat = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        match flat.char_indices().nth(MAX_SUMMARY) {
            Some((end, _)) => format!("{}…", flat.get(..end).unwrap_or_default()),
            None => flat,
        }
    }

    pub(super) fn document(&self, values: &Values) -> Document {
        let (mut blocks, mut paragraph) = (Vec::new(), Vec::new());
        let mut heading = None;
        for line in &self.0 {
            let parts = match line {
                Line::Text(parts) => parts,
                Line::Blank => {
                    end(&mut blocks, &mut paragraph);
                    continue;
                }
                Line::Heading(parts) => {
                    end(&mut blocks, &mut paragraph);
                    let text = filled(parts, values);
                    heading = text.map(|lines| Block::Heading(flat(&lines)));
                    continue;
                }
                Line::Block(name) => {
                    end(&mut blocks, &mut paragraph);
                    if !values.of(name).is_empty() {
                        blocks.extend(heading.take());
                        blocks.push(Block::Code(values.of(name).to_owned()));
                    }
                    continue;
                }
            };
            if let Some(lines) = filled(parts, values) {
                blocks.extend(heading.take());
                paragraph.extend(lines);
            }
        }
        end(&mut blocks, &mut paragraph);
        Document(blocks).bounded()
    }
}

fn end(blocks: &mut Vec<Block>, paragraph: &mut Vec<Vec<Inline>>) {
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph(std::mem::take(paragraph)));
    }
}

/// The lines that a line becomes; `None` where it has placeholders and all stand for nothing.
fn filled(parts: &[Part], values: &Values) -> Option<Vec<Vec<Inline>>> {
    let mut named = parts.iter().filter_map(|part| match part {
        Part::Value(name) => Some(values.of(name)),
        Part::Literal(_) => None,
    });
    let has_none = named.clone().next().is_none();
    if !has_none && named.all(str::is_empty) {
        return None;
    }
    let mut lines = vec![Vec::new()];
    for part in parts {
        match part {
            Part::Literal(text) => push(&mut lines, text),
            Part::Value("link") => {
                if let Some(last) = lines.last_mut() {
                    last.push(Inline::Link(values.of("link").to_owned()));
                }
            }
            Part::Value(name) => {
                for (index, text) in values.of(name).split('\n').enumerate() {
                    if index > 0 {
                        lines.push(Vec::new());
                    }
                    push(&mut lines, text);
                }
            }
        }
    }
    Some(lines)
}

fn push(lines: &mut [Vec<Inline>], text: &str) {
    if let (Some(last), false) = (lines.last_mut(), text.is_empty()) {
        last.push(Inline::Text(text.to_owned()));
    }
}

fn flat(lines: &[Vec<Inline>]) -> String {
    let parts = lines.iter().flatten().map(|part| match part {
        Inline::Text(text) | Inline::Link(text) => text.as_str(),
    });
    parts.collect()
}

fn line(text: &str, number: usize) -> Result<Line, BadTemplate> {
    let text = text.trim_end();
    if text.is_empty() {
        return Ok(Line::Blank);
    }
    if let Some(rest) = text.strip_prefix("# ") {
        return Ok(Line::Heading(inline(parts(rest, number)?, number)?));
    }
    let parts = parts(text, number)?;
    match parts.as_slice() {
        [Part::Value(name)] if takes_a_line(name) => Ok(Line::Block(name)),
        _ => Ok(Line::Text(inline(parts, number)?)),
    }
}

fn inline(parts: Vec<Part>, line: usize) -> Result<Vec<Part>, BadTemplate> {
    let block = parts.iter().find_map(|part| match part {
        Part::Value(name) if takes_a_line(name) => Some(*name),
        _ => None,
    });
    block.map_or(Ok(parts), |name| Err(BadTemplate::Alone { line, name }))
}

fn takes_a_line(name: &str) -> bool {
    NAMES.iter().any(|(known, alone)| *known == name && *alone)
}

fn parts(text: &str, line: usize) -> Result<Vec<Part>, BadTemplate> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, bracket) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = bracket.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = bracket.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else {
            let named = bracket.strip_prefix('{').and_then(|named| named.split_once('}'));
            let (name, after) = named.ok_or(BadTemplate::Bracket { line })?;
            let known = NAMES.iter().map(|(known, _)| *known).find(|known| *known == name);
            let name = known.ok_or_else(|| BadTemplate::Unknown {
                line,
                name: name.chars().take(40).collect(),
                known: NAMES.map(|(known, _)| known).join(", "),
            })?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Value(name));
            rest = after;
        }
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&'static str, &str)]) -> Values {
        let mut values = Values::default();
        pairs.iter().for_each(|(name, value)| values.set(name, *value));
        values
    }

    fn text(text: &str) -> Inline {
        Inline::Text(text.to_owned())
    }

    #[test]
    fn what_stands_for_nothing_leaves_no_line_and_no_heading() {
        let template = Template::parse(
            "Actor: {actor}\nWhere: {method} {host}\n\n# Impact\n{impact}\n\n# Shown\n{evidence}\nalways",
        );
        let values = values(&[("method", "GET"), ("evidence", "a\r\nb")]);
        assert_eq!(
            template.unwrap().document(&values),
            Document(vec![
                Block::Paragraph(vec![vec![text("Where: "), text("GET"), text(" ")]]),
                Block::Heading("Shown".to_owned()),
                Block::Code("a\nb".to_owned()),
                Block::Paragraph(vec![vec![text("always")]]),
            ])
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_template_or_a_heading() {
        let template = Template::parse("{description}\n{{{id}}}").unwrap();
        let document = template.document(&values(&[("description", "# {id}\n{evidence}"), ("id", "7")]));
        assert_eq!(
            document,
            Document(vec![Block::Paragraph(vec![
                vec![text("# {id}")],
                vec![text("{evidence}")],
                vec![text("{"), text("7"), text("}")],
            ])])
        );
    }

    #[test]
    fn a_title_is_one_line_of_bounded_length() {
        let template = Template::summary("{name}: {host}").unwrap();
        let title = template.title(&values(&[("name", "a\nb\tc"), ("host", &"é".repeat(400))]));
        assert!(title.starts_with("a b c: é") && title.ends_with('…'), "{title}");
        assert_eq!(title.chars().count(), 251);
    }

    #[test]
    fn errors_say_where_and_what_there_is() {
        let unknown = Template::parse("a\n{pasword}").err().unwrap().to_string();
        assert!(
            unknown.starts_with("line 2: there is no placeholder {pasword}; there are kind, id"),
            "{unknown}"
        );
        for (template, wrong) in [
            ("{name", BadTemplate::Bracket { line: 1 }),
            ("name}", BadTemplate::Bracket { line: 1 }),
            ("a {evidence}", BadTemplate::Alone { line: 1, name: "evidence" }),
            ("# {request}", BadTemplate::Alone { line: 1, name: "request" }),
        ] {
            assert_eq!(Template::parse(template).err(), Some(wrong), "{template}");
        }
        assert_eq!(Template::summary("{name}\n{id}").err(), Some(BadTemplate::Lines));
        assert_eq!(Template::summary(" \n").err(), Some(BadTemplate::Empty));
        assert!(Template::summary(SUMMARY).is_ok() && Template::parse(DESCRIPTION).is_ok());
    }
}
