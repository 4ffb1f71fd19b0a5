//! The response of one exchange while it is judged: what it shows, looked up at most once.

use std::{cell::OnceCell, ops::Range};

use portcullis_exchange::Response;

use crate::{
    Match,
    evidence::{Family, Scan},
    harmless::Harmless,
    sensitive::{Sensitive, sensitive_data_of},
    view::{Standing, Text, json_string},
};

/// What lies further into an answer is not searched.
const MAX_SEARCHED: usize = 512 << 10;
/// Of an answer that is unescaped first, this much is.
const MAX_UNESCAPED: usize = 128 << 10;
/// Keep an answer's parts apart from requests' values.
const BODY: u8 = 0xfe;
const HEAD: u8 = 0xfd;
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

/// Beside the [`Family::bit`]s: that it may hold sensitive data.
pub(crate) const SENSITIVE: u64 = 1 << 63;

/// Families that may come back in a header: what a command printed.
const IN_HEAD: [Family; 3] = [Family::Commands, Family::Accounts, Family::Consoles];

pub(crate) struct Answer<'x> {
    response: Option<&'x Response>,
    body: Text<'x>,
    body_standing: Standing,
    known: Option<&'x Harmless>,
    speaks_of: OnceCell<u64>,
    scan: OnceCell<Scan>,
    head: OnceCell<Head>,
    unescaped: OnceCell<Option<(Text<'static>, Scan)>>,
    sensitive: OnceCell<Vec<Sensitive>>,
    shown: [OnceCell<Option<Match>>; Family::ALL.len()],
}

/// The header fields' values, and what was seen in them.
struct Head {
    text: Vec<u8>,
    standing: Standing,
    scan: Option<Scan>,
}

impl<'x> Answer<'x> {
    /// With `known`, a head or a body in which nothing was found before is not searched.
    pub(crate) fn of(response: Option<&'x Response>, known: Option<&'x Harmless>) -> Self {
        let body = response.map_or(&[][..], |response| &response.body.bytes);
        let body = body.get(..MAX_SEARCHED).unwrap_or(body);
        let body_standing = standing(known, BODY, body);
        Self {
            response,
            body: Text::original(body, 0),
            body_standing,
            known,
            speaks_of: OnceCell::new(),
            scan: OnceCell::new(),
            head: OnceCell::new(),
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

    /// What it shows: bits of families, and [`SENSITIVE`].
    pub(crate) fn speaks_of(&self) -> u64 {
        *self.speaks_of.get_or_init(|| {
            let shown = Family::ALL.into_iter().filter(|family| self.shows(*family).is_some());
            let sensitive = if self.sensitive().is_empty() { 0 } else { SENSITIVE };
            shown.fold(sensitive, |all, family| all | family.bit())
        })
    }

    /// Notes head and body, if they were searched and there is nothing in them.
    pub(crate) fn note_harmless(&self) {
        let (Some(known), Some(0)) = (self.known, self.speaks_of.get()) else { return };
        let head = self.head.get().map(|head| head.standing);
        for standing in [Some(self.body_standing), head].into_iter().flatten() {
            if let Standing::New(key) = standing {
                known.note(key);
            }
        }
    }

    /// Where the answer shows a sign of the family, in offsets of its body.
    pub(crate) fn shows(&self, family: Family) -> Option<&Match> {
        self.shown
            .get(family as usize)?
            .get_or_init(|| self.in_body(family).or_else(|| self.in_head(family)))
            .as_ref()
    }

    /// Sensitive data in the body, with its places.
    pub(crate) fn sensitive(&self) -> &[Sensitive] {
        let search = || match self.body_standing {
            Standing::Harmless => Vec::new(),
            _ => sensitive_data_of(self.body(), self.scan().may_hold_tokens),
        };
        self.sensitive.get_or_init(search)
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

    fn in_body(&self, family: Family) -> Option<Match> {
        if self.body().is_empty() || self.body_standing == Standing::Harmless {
            return None;
        }
        let range = self.scan().first(family, self.body()).or_else(|| {
            let (text, scan) = self.unescaped_scan()?;
            Some(text.original_range(scan.first(family, text.bytes())?))
        })?;
        Some(self.matched(range, family.name()))
    }

    fn in_head(&self, family: Family) -> Option<Match> {
        if !IN_HEAD.contains(&family) {
            return None;
        }
        let head = self.head();
        let range = head.scan.as_ref()?.first(family, &head.text)?;
        Some(at("response.header", &head.text, range, family.name()))
    }

    fn scan(&self) -> &Scan {
        self.scan.get_or_init(|| Scan::of(self.body()))
    }

    fn head(&self) -> &Head {
        self.head.get_or_init(|| {
            let text = self.response.map(head).unwrap_or_default();
            let standing = standing(self.known, HEAD, &text);
            let scan = (standing != Standing::Harmless).then(|| Scan::of(&text));
            Head { text, standing, scan }
        })
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

fn standing(known: Option<&Harmless>, kind: u8, text: &[u8]) -> Standing {
    match known.filter(|_| !text.is_empty()) {
        Some(known) => {
            let key = known.key(kind, b"", text);
            if known.holds(key) { Standing::Harmless } else { Standing::New(key) }
        }
        None => Standing::Unknown,
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

/// The header fields' values, each after a line end.
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
