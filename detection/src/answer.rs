//! The response of one exchange while it is judged: what it shows, looked up at most once.

use std::{cell::OnceCell, ops::Range};

use portcullis_exchange::Response;

use crate::{
    Match,
    evidence::{Family, Scan},
    sensitive::{Sensitive, sensitive_data},
    view::{Text, json_string},
};

/// What lies further into an answer is not searched.
const MAX_SEARCHED: usize = 512 << 10;
/// Of an answer that is unescaped first, this much is.
const MAX_UNESCAPED: usize = 128 << 10;
const MAX_HEAD: usize = 8 << 10;
const MAX_PHRASE: usize = 160;

/// What a response's body says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    /// A browser renders it: HTML, XML, SVG, or nothing said.
    Page,
    Json,
    Text,
    Other,
}

pub(crate) struct Answer<'x> {
    response: Option<&'x Response>,
    body: Text<'x>,
    /// The header fields' values, each after a line end.
    head: Vec<u8>,
    scan: OnceCell<Scan>,
    head_scan: OnceCell<Scan>,
    unescaped: OnceCell<Option<(Text<'static>, Scan)>>,
    sensitive: OnceCell<Vec<Sensitive>>,
    shown: [OnceCell<Option<Match>>; Family::ALL.len()],
}

impl<'x> Answer<'x> {
    pub(crate) fn of(response: Option<&'x Response>) -> Self {
        let body = response.map_or(&[][..], |response| &response.body.bytes);
        Self {
            response,
            body: Text::original(body.get(..MAX_SEARCHED).unwrap_or(body), 0),
            head: response.map(head).unwrap_or_default(),
            scan: OnceCell::new(),
            head_scan: OnceCell::new(),
            unescaped: OnceCell::new(),
            sensitive: OnceCell::new(),
            shown: [const { OnceCell::new() }; Family::ALL.len()],
        }
    }

    pub(crate) fn response(&self) -> Option<&'x Response> {
        self.response
    }

    /// As much of the body as is searched.
    pub(crate) fn body(&self) -> &[u8] {
        self.body.bytes()
    }

    pub(crate) fn content(&self) -> Content {
        let kind = self.response.and_then(|response| response.headers.text("content-type"));
        let Some(kind) = kind.map(str::to_ascii_lowercase) else { return Content::Page };
        if kind.contains("json") {
            Content::Json
        } else if ["html", "xml", "svg"].iter().any(|page| kind.contains(page)) {
            Content::Page
        } else if kind.contains("text/") {
            Content::Text
        } else {
            Content::Other
        }
    }

    /// Where the answer shows a sign of the family, in offsets of its body.
    pub(crate) fn shows(&self, family: Family) -> Option<Match> {
        self.shown.get(family as usize)?.get_or_init(|| self.look_for(family)).clone()
    }

    /// Sensitive data in the body, with its places.
    pub(crate) fn sensitive(&self) -> &[Sensitive] {
        self.sensitive.get_or_init(|| sensitive_data(self.body()))
    }

    /// The same, unless nobody has looked for it yet.
    pub(crate) fn sensitive_if_known(&self) -> Option<&[Sensitive]> {
        self.sensitive.get().map(Vec::as_slice)
    }

    /// A place of the body as a match.
    pub(crate) fn matched(&self, range: Range<usize>, detector: &str) -> Match {
        at("response.body", self.body(), range, detector)
    }

    /// Where bytes stand in the body, as it is or without escapes.
    pub(crate) fn find(&self, needle: &[u8]) -> Option<Range<usize>> {
        let range = |at: usize| at..at + needle.len();
        if let Some(at) = memchr::memmem::find(self.body(), needle) {
            return Some(range(at));
        }
        let (text, _) = self.unescaped_scan()?;
        Some(text.original_range(range(memchr::memmem::find(text.bytes(), needle)?)))
    }

    fn look_for(&self, family: Family) -> Option<Match> {
        let body = || {
            let scan = self.scan.get_or_init(|| Scan::of(self.body()));
            scan.first(family, self.body()).or_else(|| {
                let (text, scan) = self.unescaped_scan()?;
                Some(text.original_range(scan.first(family, text.bytes())?))
            })
        };
        if let Some(range) = body().filter(|_| !self.body().is_empty()) {
            return Some(self.matched(range, family.name()));
        }
        // What a command printed may come back in a header.
        if !matches!(family, Family::Commands | Family::Accounts | Family::Consoles) {
            return None;
        }
        let scan = self.head_scan.get_or_init(|| Scan::of(&self.head));
        let range = scan.first(family, &self.head)?;
        Some(at("response.header", &self.head, range, family.name()))
    }

    fn unescaped_scan(&self) -> Option<&(Text<'static>, Scan)> {
        let unescape = || {
            let body = self.body();
            if !matches!(body.trim_ascii_start(), [b'{' | b'[' | b'"', ..]) {
                return None;
            }
            let text = json_string(&Text::original(body.get(..MAX_UNESCAPED).unwrap_or(body), 0))?;
            let scan = Scan::of(text.bytes());
            Some((text, scan))
        };
        self.unescaped.get_or_init(unescape).as_ref()
    }
}

fn at(location: &str, text: &[u8], range: Range<usize>, detector: &str) -> Match {
    let end = range.end.min(range.start.saturating_add(MAX_PHRASE));
    let shown = text.get(range.start..end).unwrap_or_default();
    Match {
        location: location.to_owned(),
        start: range.start,
        end: range.end,
        phrase: String::from_utf8_lossy(shown).into_owned(),
        detector: detector.to_owned(),
    }
}

fn head(response: &Response) -> Vec<u8> {
    let mut head = Vec::new();
    for (_, value) in response.headers.iter() {
        if head.len() + value.len() >= MAX_HEAD {
            break;
        }
        head.push(b'\n');
        head.extend_from_slice(value);
    }
    head
}
