//! Takes a request apart into its values.

use portcullis_exchange::Request;

use super::{
    MAX_DECODED, Place, Text, Views, decode, json,
    json::{Leaf, LeafKind},
    markup, multipart,
};

/// JSON inside a string inside JSON is common; a fourth layer is not.
const MAX_NESTING: usize = 3;

pub(super) fn request<'x>(views: &mut Views<'x>, request: &'x Request) {
    path(views, request.path());
    if let Some(query) = request.query() {
        form(views, Place::Query, query);
    }
    headers(views, request);
    body(views, request);
}

fn path<'x>(views: &mut Views<'x>, path: &'x [u8]) {
    views.add(Place::Path, false, "", Text::original(path, 0), false);
    let mut start = 0;
    for segment in path.split(|byte| *byte == b'/') {
        if views.is_full() {
            views.work.bounded += 1;
            return;
        }
        views.add(Place::Segment, false, "", Text::original(segment, start), true);
        start += segment.len() + 1;
    }
}

/// `name=value&name=value`, of a query or a form body.
fn form<'x>(views: &mut Views<'x>, place: Place, bytes: &'x [u8]) {
    let mut start = 0;
    for pair in bytes.split(|byte| *byte == b'&') {
        if views.is_full() {
            rest(views, place, bytes, start);
            return;
        }
        start += pair.len() + 1;
        let equals = memchr::memchr(b'=', pair);
        let (name, value) = match equals {
            Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
            None => (pair, &[][..]),
        };
        let readable = readable_name(name);
        views.add(place, true, readable.clone(), Text::original(name, 0), true);
        add_nestable(views, place, readable, Text::original(value, 0), true, 0);
    }
}

fn readable_name(name: &[u8]) -> String {
    const MAX: usize = 120;
    let text = Text::original(name.get(..MAX).unwrap_or(name), 0);
    let decoded = decode::unescape(&text, true);
    String::from_utf8_lossy(decoded.as_ref().unwrap_or(&text).bytes()).into_owned()
}

/// A bound was met: what is left counts as one value.
fn rest<'x>(views: &mut Views<'x>, place: Place, bytes: &'x [u8], start: usize) {
    views.work.bounded += 1;
    if let Some(left) = bytes.get(start..) {
        views.add(place, false, "", Text::original(left, start), true);
    }
}

fn headers<'x>(views: &mut Views<'x>, request: &'x Request) {
    for (name, value) in request.headers.iter().chain(request.trailers.iter()) {
        let readable = String::from_utf8_lossy(name).into_owned();
        if name.eq_ignore_ascii_case(b"cookie") {
            cookies(views, value);
        } else {
            views.add(Place::Header, false, readable, Text::original(value, 0), false);
        }
    }
}

fn cookies<'x>(views: &mut Views<'x>, value: &'x [u8]) {
    for pair in value.split(|byte| *byte == b';') {
        if views.is_full() {
            views.work.bounded += 1;
            views.add(Place::Cookie, false, "", Text::original(value, 0), false);
            return;
        }
        let pair = pair.trim_ascii();
        let (name, value) = match memchr::memchr(b'=', pair) {
            Some(at) => (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default()),
            None => (&[][..], pair),
        };
        add_nestable(views, Place::Cookie, readable_name(name), Text::original(value, 0), false, 0);
    }
}

fn body<'x>(views: &mut Views<'x>, request: &'x Request) {
    let bytes = request.body.bytes.as_slice();
    let content_type = request.headers.get("content-type").map(String::from_utf8_lossy).unwrap_or_default();
    let kind = content_type.to_ascii_lowercase();
    let first = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    match (kind.as_str(), first) {
        (_, None) => {}
        (kind, _) if kind.starts_with("multipart/") => match multipart::boundary(&content_type) {
            Some(boundary) => parts(views, bytes, boundary),
            None => whole(views, bytes),
        },
        (kind, Some(b'{' | b'[')) if !kind.contains("graphql") => json_document(views, bytes),
        (kind, _) if kind.contains("json") => json_document(views, bytes),
        (kind, _) if kind.contains("graphql") => graphql(views, "query", &Text::original(bytes, 0)),
        (_, Some(b'<')) => xml(views, bytes),
        (kind, _) if kind.contains("urlencoded") || (kind.is_empty() && looks_like_form(bytes)) => {
            form(views, Place::Form, bytes);
        }
        _ => whole(views, bytes),
    }
}

fn looks_like_form(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(256)).unwrap_or_default();
    let name = head.iter().position(|byte| *byte == b'=').unwrap_or(0);
    name > 0
        && head.iter().take(name).all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b'+')
        })
}

fn whole<'x>(views: &mut Views<'x>, bytes: &'x [u8]) {
    views.add(Place::Body, false, "", Text::original(bytes, 0), false);
}

fn json_document<'x>(views: &mut Views<'x>, bytes: &'x [u8]) {
    let mut full = false;
    let walked = json::walk(bytes, &mut |leaf| {
        let raw = bytes.get(leaf.range.clone()).unwrap_or_default();
        json_leaf(views, leaf, Text::original(raw, 0), 0);
        full = views.is_full();
        !full
    });
    if full {
        rest(views, Place::Body, bytes, walked);
    }
}

fn json_leaf<'x>(views: &mut Views<'x>, leaf: Leaf, raw: Text<'x>, depth: usize) {
    let Leaf { mut path, kind, .. } = leaf;
    let text = match kind {
        LeafKind::Plain | LeafKind::Stray => raw,
        LeafKind::Key | LeafKind::Text => json_text(views, raw),
    };
    if kind == LeafKind::Key {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&String::from_utf8_lossy(
            text.bytes().get(..text.bytes().len().min(64)).unwrap_or_default(),
        ));
        views.add(Place::Json, true, path, text, false);
    } else if is_graphql(&path, &text) {
        graphql(views, &path, &text);
    } else {
        add_nestable(views, Place::Json, path, text, false, depth);
    }
}

fn json_text<'x>(views: &mut Views<'x>, raw: Text<'x>) -> Text<'x> {
    let length = raw.bytes().len();
    if views.work.decoded_bytes + length > MAX_DECODED {
        views.work.bounded += 1;
        return raw;
    }
    match decode::json_string(&raw) {
        Some(text) => {
            views.work.decoded_bytes += length;
            text
        }
        None => raw,
    }
}

/// Adds a value; where it is JSON itself, adds its leaves as well.
fn add_nestable<'x>(
    views: &mut Views<'x>,
    place: Place,
    name: String,
    text: Text<'x>,
    plus: bool,
    depth: usize,
) {
    let before = views.fields.len();
    views.add(place, false, name.clone(), text, plus);
    if depth >= MAX_NESTING {
        return;
    }
    let Some(view) = views.fields.get(before).and_then(|field| field.views.last()) else { return };
    let bytes = view.text.bytes();
    let head = bytes.trim_ascii_start();
    if !matches!(head, [b'{' | b'[', ..]) || memchr::memchr(b'"', head).is_none() {
        return;
    }
    let text = view.text.part(0..bytes.len());
    let mut leaves = 0;
    json::walk(text.bytes(), &mut |mut leaf| {
        leaves += 1;
        if !name.is_empty() {
            leaf.path = if leaf.path.is_empty() { name.clone() } else { format!("{name}.{}", leaf.path) };
        }
        let inner = text.part(leaf.range.clone());
        // Copying parts is work like decoding is.
        views.work.decoded_bytes += inner.bytes().len();
        json_leaf(views, leaf, inner, depth + 1);
        !views.is_full() && views.work.decoded_bytes < MAX_DECODED
    });
    if leaves > 1
        && !views.is_full()
        && let Some(view) = views.fields.get_mut(before).and_then(|field| field.views.last_mut())
    {
        view.superseded = true;
    }
}

fn is_graphql(path: &str, text: &Text<'_>) -> bool {
    let head = text.bytes().trim_ascii_start();
    path.trim_start_matches("[]").trim_start_matches('.') == "query"
        && memchr::memchr(b'{', head).is_some()
        && [&b"query"[..], b"mutation", b"subscription", b"{", b"fragment"]
            .iter()
            .any(|word| head.starts_with(word))
}

/// The document as such, and its string literals as values.
fn graphql<'x>(views: &mut Views<'x>, name: &str, document: &Text<'x>) {
    let bytes = document.bytes();
    views.add(Place::GraphQl, false, name, document.part(0..bytes.len()), false);
    let mut at = 0;
    while let Some(open) =
        bytes.get(at..).and_then(|rest| memchr::memchr(b'"', rest)).map(|offset| at + offset)
    {
        let mut close = open + 1;
        while let Some(byte) = bytes.get(close).filter(|byte| **byte != b'"') {
            close += if *byte == b'\\' { 2 } else { 1 };
        }
        let close = close.min(bytes.len());
        if views.is_full() {
            views.work.bounded += 1;
            return;
        }
        views.add(Place::Json, false, name, document.part(open + 1..close), false);
        at = close + 1;
    }
}

fn xml<'x>(views: &mut Views<'x>, bytes: &'x [u8]) {
    views.add(Place::XmlDocument, false, "", Text::original(bytes, 0), false);
    markup::walk(bytes, &mut |piece| {
        let raw = Text::original(bytes.get(piece.range).unwrap_or_default(), 0);
        let meant = if piece.literal { None } else { decode::xml_entities(&raw) };
        views.work.decoded_bytes += meant.as_ref().map_or(0, |text| text.bytes().len());
        views.add(Place::Xml, false, piece.name, meant.unwrap_or(raw), false);
        !views.is_full() && views.work.decoded_bytes < MAX_DECODED
    });
    views.work.bounded += u64::from(views.is_full());
}

fn parts<'x>(views: &mut Views<'x>, bytes: &'x [u8], boundary: &str) {
    let mut last = 0;
    multipart::walk(bytes, boundary, &mut |part| {
        let slice = |range: std::ops::Range<usize>| Text::original(bytes.get(range).unwrap_or_default(), 0);
        let name = readable_name(bytes.get(part.name.clone()).unwrap_or_default());
        views.add(Place::Multipart, true, name.clone(), slice(part.name), false);
        if let Some(filename) = part.filename {
            views.add(Place::FileName, false, name.clone(), slice(filename), false);
        }
        last = part.body.end;
        add_nestable(views, Place::Multipart, name, slice(part.body), false, 0);
        !views.is_full()
    });
    if views.is_full() || views.fields.is_empty() || last == 0 {
        rest(views, Place::Body, bytes, last);
    }
}
