//! Text nodes and attribute values of XML, found without building a tree.

use std::ops::Range;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Name of the innermost open tag, or of the attribute.
    pub(crate) name: String,
    pub(crate) range: Range<usize>,
    /// CDATA means its bytes as they are.
    pub(crate) literal: bool,
}

const MAX_NAME: usize = 64;

/// Walks it; `visit` returns whether to go on.
pub(crate) fn walk(bytes: &[u8], visit: &mut dyn FnMut(Piece) -> bool) {
    let mut at = 0;
    let mut name = String::new();
    while let Some(open) = find(bytes, at, b'<') {
        if !piece(bytes, at..open, &name, false, visit) {
            return;
        }
        let rest = bytes.get(open..).unwrap_or_default();
        if rest.starts_with(b"<![CDATA[") {
            let start = open + 9;
            let end = find_text(bytes, start, b"]]>").unwrap_or(bytes.len());
            if !piece(bytes, start..end, &name, true, visit) {
                return;
            }
            at = (end + 3).min(bytes.len());
        } else if rest.starts_with(b"<!--") {
            at = find_text(bytes, open + 4, b"-->").map_or(bytes.len(), |end| end + 3);
        } else {
            let end = find(bytes, open, b'>').unwrap_or(bytes.len());
            let tag = open + 1..end;
            if !attributes(bytes, tag.clone(), visit) {
                return;
            }
            let inner = bytes.get(tag).unwrap_or_default();
            if !matches!(inner.first(), Some(b'/' | b'!' | b'?')) {
                name = tag_name(inner);
            }
            at = (end + 1).min(bytes.len());
        }
    }
    piece(bytes, at..bytes.len(), &name, false, visit);
}

fn piece(
    bytes: &[u8],
    range: Range<usize>,
    name: &str,
    literal: bool,
    visit: &mut dyn FnMut(Piece) -> bool,
) -> bool {
    let blank = bytes.get(range.clone()).unwrap_or_default().trim_ascii().is_empty();
    blank || visit(Piece { name: name.to_owned(), range, literal })
}

fn attributes(bytes: &[u8], tag: Range<usize>, visit: &mut dyn FnMut(Piece) -> bool) -> bool {
    let mut at = tag.start;
    while let Some(equals) = find(bytes, at, b'=').filter(|equals| *equals < tag.end) {
        let Some(quote @ (b'"' | b'\'')) = bytes.get(equals + 1).copied() else {
            at = equals + 1;
            continue;
        };
        let start = equals + 2;
        let end = find(bytes, start, quote).unwrap_or(tag.end).min(tag.end);
        let before = bytes.get(at..equals).unwrap_or_default().trim_ascii_end();
        let name_start =
            before.iter().rposition(|byte| byte.is_ascii_whitespace()).map_or(0, |space| space + 1);
        let name = tag_name(before.get(name_start..).unwrap_or_default());
        if !visit(Piece { name, range: start.min(end)..end, literal: false }) {
            return false;
        }
        at = end + 1;
    }
    true
}

fn tag_name(tag: &[u8]) -> String {
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>'));
    let name = tag.get(..end.unwrap_or(tag.len()).min(MAX_NAME)).unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, bytes.get(from..)?).map(|offset| from + offset)
}

fn find_text(bytes: &[u8], from: usize, wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes.get(from..)?, wanted).map(|offset| from + offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_attributes_and_cdata_are_found() {
        let xml = r#"<?xml version="1.0"?><a id="7"><b>text</b><c><![CDATA[<raw>]]></c><!-- no --></a>"#;
        let mut found = Vec::new();
        walk(xml.as_bytes(), &mut |piece| {
            found.push(format!("{}={}", piece.name, &xml[piece.range]));
            true
        });
        assert_eq!(found, ["version=1.0", "id=7", "b=text", "c=<raw>"]);
    }
}
