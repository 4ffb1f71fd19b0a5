//! What an endpoint answers with success while nobody attacks it, and an answer that leaves that.
//!
//! A refusal is mostly short, or a page or an object of its own. So what proves something is only much more of the usual
//! kind (a query that was widened), or a file where none was ever sent.

use serde::{Deserialize, Serialize};

use super::{
    Minute, Sight,
    range::{KeptRanges, Ranges},
};
use crate::{EvidenceKind, Match};

/// Answers, and minutes with some, after which their range means something.
const MIN_ANSWERS: u64 = 100;
const MIN_MINUTES: u64 = 20;
/// More of the usual kind: so many times the longest, and so many bytes besides.
const MORE_FACTOR: u64 = 8;
const MORE_MARGIN: u64 = 2048;
/// What a request says may come back in the answer, escaped in six bytes a character.
const REPEATED: u64 = 8;
/// A refusal in plain text is shorter, what it repeats left out.
const FILE_MARGIN: u64 = 256;
const FILE_REPEATED: u64 = 2;

const MAX_TYPES: usize = 8;
const MAX_TYPE: usize = 64;
const MAX_NAMES: usize = 64;
/// Answers whose names are read, before it is one a minute.
const READ_AT_FIRST: u64 = 32;
/// Bytes in which names of an object are looked for, and the title of a page.
const MAX_READ: usize = 64 << 10;
const MAX_TITLE_AT: usize = 8 << 10;

#[derive(Debug, Default)]
pub(super) struct UsualAnswers {
    seen: u64,
    /// The shortest and the longest of the open minute.
    open: Option<(u64, u64)>,
    lengths: Ranges<2>,
    types: Vec<Box<str>>,
    has_many_types: bool,
    /// Hashes of the outermost names of JSON, of the titles of pages, of the outermost elements of XML.
    names: Vec<u32>,
    read_at: Minute,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeptAnswers {
    seen: u64,
    lengths: KeptRanges,
    types: Vec<Box<str>>,
    has_many_types: bool,
    names: Vec<u32>,
}

impl UsualAnswers {
    pub(super) fn kept(&self) -> KeptAnswers {
        let Self { seen, lengths, types, has_many_types, names, .. } = self;
        let (types, names) = (types.clone(), names.clone());
        KeptAnswers { seen: *seen, lengths: lengths.kept(), types, has_many_types: *has_many_types, names }
    }

    pub(super) fn restored(kept: KeptAnswers) -> Self {
        let KeptAnswers { seen, lengths, mut types, has_many_types, mut names } = kept;
        types.truncate(MAX_TYPES);
        names.truncate(MAX_NAMES);
        let lengths = Ranges::restored(&lengths);
        Self { seen, lengths, types, has_many_types, names, ..Self::default() }
    }

    /// Of a request in which no attack was found.
    pub(super) fn note(&mut self, sight: &Sight<'_>) {
        let Some(answer) = Answer::of(sight) else { return };
        self.seen += 1;
        let (least, most) = self.open.unwrap_or((answer.len, answer.len));
        self.open = Some((least.min(answer.len), most.max(answer.len)));
        if !self.knows_type(answer.kind) {
            self.has_many_types |= self.types.len() >= MAX_TYPES || answer.kind.len() > MAX_TYPE;
            if !self.has_many_types {
                self.types.push(answer.kind.to_ascii_lowercase().into());
            }
        }
        if self.seen <= READ_AT_FIRST || sight.minute > self.read_at {
            self.read_at = sight.minute;
            for name in answer.names() {
                if self.names.len() < MAX_NAMES && !self.names.contains(&name) {
                    self.names.push(name);
                }
            }
        }
    }

    /// Ends a minute.
    pub(super) fn close(&mut self, minute: Minute) {
        if let Some((least, most)) = self.open.take() {
            self.lengths.learn(minute, [Some(least as f32), Some(most as f32)], [false; 2]);
        }
    }

    /// How the answer to an attack differs from all that others got, where that shows success. `over` says since when.
    pub(super) fn difference(&self, sight: &Sight<'_>, over: &str) -> Option<(EvidenceKind, Match)> {
        let answer = Answer::of(sight)?;
        if self.seen < MIN_ANSWERS || self.lengths.minutes < MIN_MINUTES {
            return None;
        }
        let (least, most) = (self.lengths.usual(0)?.least as u64, self.lengths.usual(1)?.most as u64);
        let (len, asked, seen) = (answer.len, answer.asked, self.seen);
        let is_more = len > MORE_FACTOR * most + MORE_MARGIN + REPEATED * asked;
        let (kind, text) = if self.knows_type(answer.kind) {
            if !is_more || !self.is_of_usual_shape(&answer) {
                return None;
            }
            let text = format!("{len} bytes, usually {least} to {most} in {seen} answers {over}");
            (EvidenceKind::MoreThanUsual, text)
        } else {
            if self.has_many_types || !answer.is_file() || len <= FILE_MARGIN + FILE_REPEATED * asked {
                return None;
            }
            let usual = self.types.join(", ");
            let text = format!("{} of {len} bytes, usually {usual} in {seen} answers {over}", answer.kind);
            (EvidenceKind::UnusualFile, text)
        };
        let at = Match {
            location: "response.body".to_owned(),
            start: 0,
            end: answer.body.len(),
            phrase: text,
            detector: "usual-answers".to_owned(),
        };
        Some((kind, at))
    }

    fn knows_type(&self, kind: &str) -> bool {
        self.types.iter().any(|known| known.eq_ignore_ascii_case(kind))
    }

    /// Nothing in it is named as no answer's part was before, as an error's would be.
    fn is_of_usual_shape(&self, answer: &Answer<'_>) -> bool {
        let names = answer.names();
        let is_known = names.iter().all(|name| self.names.contains(name));
        if answer.form() == Form::Unnamed { true } else { is_known && !names.is_empty() }
    }
}

/// A whole answer of success.
struct Answer<'x> {
    kind: &'x str,
    body: &'x [u8],
    len: u64,
    /// Bytes that the request brought.
    asked: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Markup,
    Unnamed,
}

impl<'x> Answer<'x> {
    fn of(sight: &Sight<'x>) -> Option<Self> {
        let exchange = &sight.tagged.exchange;
        let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
        let is_whole = response.body.fault.is_none() && exchange.incomplete.is_none();
        // Of a part (206), the client chose the length.
        if !is_whole || !(200..300).contains(&response.status) || response.status == 206 {
            return None;
        }
        let kind = response.headers.text("content-type").unwrap_or_default();
        Some(Self {
            kind: kind.split(';').next().unwrap_or_default().trim(),
            body: &response.body.bytes,
            len: response.body.decoded_len,
            asked: request.target.len() as u64 + request.body.decoded_len,
        })
    }

    fn form(&self) -> Form {
        let says = |word: &str| memchr::memmem::find(self.kind.as_bytes(), word.as_bytes()).is_some();
        match self.body.trim_ascii_start() {
            [b'{' | b'[', ..] => Form::Json,
            [b'<', ..] => Form::Markup,
            _ if says("json") => Form::Json,
            _ if says("html") || says("xml") => Form::Markup,
            _ => Form::Unnamed,
        }
    }

    /// Whether it is what files come as, and messages for people or programs do not.
    fn is_file(&self) -> bool {
        let kind = ["text/plain", "application/octet-stream"];
        self.form() == Form::Unnamed && kind.iter().any(|kind| self.kind.eq_ignore_ascii_case(kind))
    }

    fn names(&self) -> Vec<u32> {
        match self.form() {
            Form::Json => json_names(self.body.get(..MAX_READ).unwrap_or(self.body)),
            Form::Markup => title(self.body).or_else(|| root(self.body)).into_iter().collect(),
            Form::Unnamed => Vec::new(),
        }
    }
}

/// The names of the outermost object, or of the objects in the outermost list.
fn json_names(body: &[u8]) -> Vec<u32> {
    let body = body.trim_ascii_start();
    let is_list = body.first() == Some(&b'[');
    let at = if is_list { 2 } else { 1 };
    let (mut names, mut depth, mut string, mut last) = (Vec::new(), 0_usize, None, None);
    let mut bytes = body.iter().enumerate();
    while let Some((index, byte)) = bytes.next() {
        match (string, byte) {
            (Some(_), b'\\') => drop(bytes.next()),
            (Some(start), b'"') => (string, last) = (None, body.get(start..index)),
            (Some(_), _) => {}
            (None, b'"') => string = Some(index + 1),
            (None, b'{' | b'[') => depth += 1,
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            (None, b':') if depth == at => {
                let name = last.take().map(hash);
                names.extend(name.filter(|name| !names.contains(name)));
                if names.len() > MAX_NAMES {
                    break;
                }
            }
            (None, _) => {}
        }
    }
    if names.is_empty() && is_list {
        names.push(hash(b"[]"));
    }
    names
}

fn title(page: &[u8]) -> Option<u32> {
    let head = page.get(..MAX_TITLE_AT).unwrap_or(page).to_ascii_lowercase();
    let start = memchr::memmem::find(&head, b"<title")?;
    let text = head.get(start..)?;
    let text = text.get(text.iter().position(|byte| *byte == b'>')? + 1..)?;
    Some(hash(text.get(..memchr::memchr(b'<', text)?)?.trim_ascii()))
}

/// The name of the outermost element. Every page is `html`, so that tells nothing.
fn root(markup: &[u8]) -> Option<u32> {
    let head = markup.get(..MAX_TITLE_AT).unwrap_or(markup);
    let starts = memchr::memchr_iter(b'<', head).filter_map(|at| head.get(at + 1..));
    let mut names = starts.map(|rest| {
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_:.".contains(byte));
        rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
    });
    let name = names.find(|name| !name.is_empty())?;
    (!name.eq_ignore_ascii_case(b"html")).then(|| hash(name))
}

/// FNV-1a: the same in every run, since it is kept.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_outermost_object_or_of_a_lists_objects() {
        let of = |names: &[&str]| names.iter().map(|name| hash(name.as_bytes())).collect::<Vec<_>>();
        for (body, names) in [
            (r#" {"a": {"b": "c:\"d\""}, "e": [1, {"f": 2}]}"#, &["a", "e"][..]),
            (r#"[{"a": 1, "b": {"c": 2}}, {"a": 3, "d": null}]"#, &["a", "b", "d"]),
            ("[1, 2, 3]", &["[]"]),
            ("[]", &["[]"]),
            ("{}", &[]),
            (r#"{"cut": "in the mid"#, &["cut"]),
            (r#"{"a\"b": 1, "\\": 2}"#, &[r#"a\"b"#, r"\\"]),
            ("]]]{{\"deep\": 1", &[]),
        ] {
            assert_eq!(json_names(body.as_bytes()), of(names), "{body}");
        }
    }

    #[test]
    fn markup_is_known_by_its_title_or_its_root() {
        let name = |page: &str| title(page.as_bytes()).or_else(|| root(page.as_bytes()));
        assert_eq!(name("<!doctype html><TITLE lang=en> Shop </TITLE>"), Some(hash(b"shop")));
        assert_eq!(name("<?xml version='1.0'?><!-- x --><orders id=1/>"), Some(hash(b"orders")));
        assert_eq!(name("<html><body>blocked"), None);
        assert_eq!(name("<title>never ends"), Some(hash(b"title")));
    }
}
