//! Every value of a request in every form that a server behind might see it, within a fixed amount of work.

mod decode;
mod extract;
mod json;
mod markup;
mod multipart;
mod text;

use portcullis_exchange::Request;

use crate::harmless::{Harmless, Key};

pub(crate) use decode::json_string;
pub(crate) use text::Text;

/// Past these, what is left of a message is looked at as one undivided value: a flood of parameters makes an attack
/// less precisely placed, never unseen.
const MAX_FIELDS: usize = 2048;
/// Bytes that decoding may write per exchange. What comes later keeps its raw view alone, and is counted.
const MAX_DECODED: usize = 4 << 20;
const MAX_ROUNDS: usize = 3;

/// All values of one request.
#[derive(Debug, Default)]
pub(crate) struct Views<'x> {
    pub(crate) fields: Vec<Field<'x>>,
    pub(crate) work: Work,
    known: Option<&'x Harmless>,
}

/// What it cost, and whether a bound was met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) decoded_bytes: usize,
    /// Values that were not divided further, or not decoded, because a bound was reached.
    pub(crate) bounded: u64,
    /// Values that are not looked at, because the same were found harmless before.
    pub(crate) known: u64,
}

/// One value, or one name, of the request.
#[derive(Debug)]
pub(crate) struct Field<'x> {
    pub(crate) place: Place,
    /// Whether it is the name of something rather than its value.
    pub(crate) is_name: bool,
    /// The parameter, header or cookie; the path of a JSON leaf.
    pub(crate) name: String,
    pub(crate) views: Vec<View<'x>>,
    pub(crate) standing: Standing,
}

/// What is known of a value ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has this one form, in which neither a detector nor a literal of a policy nor the score found anything.
    Harmless,
    /// It has one form; to be noted under this key, if it is harmless.
    New(Key),
    /// It has several forms, or nothing is remembered.
    Unknown,
}

/// One form of a value.
#[derive(Debug)]
pub(crate) struct View<'x> {
    pub(crate) text: Text<'x>,
    pub(crate) via: Via,
    /// Grammar detectors look at the last form only: an outer layer of encoding has no grammar.
    pub(crate) superseded: bool,
}

/// Where a value stands in the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Path,
    Segment,
    Query,
    Form,
    Json,
    Multipart,
    FileName,
    Xml,
    /// A whole XML document, for what stands outside its elements.
    XmlDocument,
    GraphQl,
    Header,
    Cookie,
    /// A body of no known form, or the rest of one after a bound.
    Body,
}

/// By which decoding beyond the place's own a view came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Via {
    pub(crate) escapes: bool,
    pub(crate) entities: bool,
    pub(crate) base64: bool,
}

/// The leaves of a JSON text with their paths, bounded like a request's; none where it is no JSON.
pub(crate) fn leaves_of(bytes: &[u8]) -> Vec<(String, Text<'_>)> {
    let mut leaves = Vec::new();
    if !matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]) {
        return leaves;
    }
    let mut work = 0;
    json::walk(bytes, &mut |leaf| {
        if leaf.kind != json::LeafKind::Key {
            let raw = Text::original(bytes.get(leaf.range).unwrap_or_default(), 0);
            work += raw.bytes().len();
            let text = json_string(&raw).unwrap_or(raw);
            leaves.push((leaf.path, text));
        }
        leaves.len() < MAX_FIELDS && work < MAX_DECODED
    });
    leaves
}

impl<'x> Views<'x> {
    /// With `known`, what is in it is not decoded, and marked as harmless.
    pub(crate) fn of(request: &'x Request, known: Option<&'x Harmless>) -> Self {
        let mut views = Self { known, ..Self::default() };
        extract::request(&mut views, request);
        views
    }

    fn is_full(&self) -> bool {
        self.fields.len() >= MAX_FIELDS
    }

    /// Adds a value in all its forms; `plus` where a plus sign means a space.
    fn add(&mut self, place: Place, is_name: bool, name: impl Into<String>, first: Text<'x>, plus: bool) {
        if first.bytes().is_empty() {
            return;
        }
        let name = name.into();
        let key = self.known.map(|known| {
            let kind = (place as u8) << 2 | u8::from(is_name) << 1 | u8::from(plus);
            (known, known.key(kind, name.as_bytes(), first.bytes()))
        });
        let (views, standing) = match key {
            Some((known, key)) if known.holds(key) => {
                self.work.known += 1;
                (vec![View { text: first, via: Via::default(), superseded: false }], Standing::Harmless)
            }
            _ => {
                let views = self.forms(first, plus);
                let is_single = views.len() == 1;
                let standing =
                    key.filter(|_| is_single).map_or(Standing::Unknown, |(_, key)| Standing::New(key));
                (views, standing)
            }
        };
        self.fields.push(Field { place, is_name, name, views, standing });
    }

    fn forms(&mut self, first: Text<'x>, plus: bool) -> Vec<View<'x>> {
        let mut views = vec![View { text: first, via: Via::default(), superseded: false }];
        for round in 0..MAX_ROUNDS {
            if !self.decode_last(
                &mut views,
                true,
                |via| via.escapes = true,
                |text| decode::unescape(text, plus && round == 0),
            ) {
                break;
            }
        }
        if self.decode_last(&mut views, true, |via| via.entities = true, decode::html_entities) {
            self.decode_last(
                &mut views,
                true,
                |via| via.escapes = true,
                |text| decode::unescape(text, false),
            );
        }
        if self.decode_last(&mut views, false, |via| via.base64 = true, decode::base64_text) {
            for _ in 0..MAX_ROUNDS {
                let unescape = |text: &Text<'_>| decode::unescape(text, false);
                if !self.decode_last(&mut views, true, |via| via.escapes = true, unescape) {
                    break;
                }
            }
            self.decode_last(&mut views, true, |via| via.entities = true, decode::html_entities);
        }
        views
    }

    fn decode_last(
        &mut self,
        views: &mut Vec<View<'x>>,
        supersedes: bool,
        mark: impl FnOnce(&mut Via),
        decode: impl FnOnce(&Text<'_>) -> Option<Text<'static>>,
    ) -> bool {
        let Some(last) = views.last_mut() else { return false };
        let length = last.text.bytes().len();
        if self.work.decoded_bytes + length > MAX_DECODED {
            self.work.bounded += 1;
            return false;
        }
        let Some(text) = decode(&last.text) else { return false };
        self.work.decoded_bytes += length;
        last.superseded = supersedes;
        let mut via = last.via;
        mark(&mut via);
        views.push(View { text, via, superseded: false });
        true
    }
}

impl Field<'_> {
    /// As [`crate::Match::location`] writes it.
    pub(crate) fn location(&self) -> String {
        let name = &self.name;
        let location = match self.place {
            Place::Path | Place::Segment => "url.path".to_owned(),
            Place::Query => format!("query.{name}"),
            Place::Header => format!("request.header.{}", name.to_ascii_lowercase()),
            Place::Cookie => format!("request.cookie.{name}"),
            Place::FileName => format!("request.body.{name}.filename"),
            Place::Form | Place::Json | Place::Multipart | Place::Xml | Place::GraphQl => {
                format!("request.body.{name}")
            }
            Place::XmlDocument | Place::Body => "request.body".to_owned(),
        };
        let location = location.trim_end_matches('.').to_owned();
        if self.is_name { location + " (name)" } else { location }
    }

    /// The last name of a JSON path, without list brackets.
    pub(crate) fn leaf_name(&self) -> &str {
        self.name.trim_end_matches("[]").rsplit('.').next().unwrap_or_default()
    }

    pub(crate) fn is_body(&self) -> bool {
        !matches!(self.place, Place::Path | Place::Segment | Place::Query | Place::Header | Place::Cookie)
    }
}
