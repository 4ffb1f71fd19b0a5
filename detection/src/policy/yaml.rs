//! A YAML document as a tree that knows where every node stands, so that each later complaint can say the place.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{Location, Spanned};

use super::error::{Place, PolicyError};

/// One node with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) at: Place,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Null,
    /// A plain scalar that YAML reads as something else than text; `text` is how it was written.
    Bool {
        value: bool,
        text: String,
    },
    Number {
        value: f64,
        text: String,
    },
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) at: Place,
    pub(crate) name: String,
}

/// Reads one document. Depth, node count and alias growth are bounded by the parser's default budget.
pub(crate) fn read(file: &str, text: &str) -> Result<Node, PolicyError> {
    let raw: Spanned<Raw> = serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().map(Place::from).unwrap_or_default();
        PolicyError::at(file, place, first_line(&error.to_string()))
    })?;
    Ok(locate(raw, text))
}

/// The parser appends a picture of the place; ours is said once, in the error's own fields.
fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("not valid YAML").trim_start_matches("error: ").to_owned()
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let (line, column) = (location.line(), location.column());
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

fn locate(raw: Spanned<Raw>, text: &str) -> Node {
    let location = raw.defined;
    let written = |fallback: String| {
        let span = location.span();
        let range = span.byte_offset().zip(span.byte_len());
        let slice = range.and_then(|(start, len)| {
            let (start, len) = (usize::try_from(start).ok()?, usize::try_from(len).ok()?);
            text.get(start..start.checked_add(len)?)
        });
        slice.map(str::trim).filter(|slice| !slice.is_empty()).map_or(fallback, str::to_owned)
    };
    let kind = match raw.value {
        Raw::Null => Kind::Null,
        Raw::Bool(value) => Kind::Bool { value, text: written(value.to_string()) },
        Raw::Number(value) => Kind::Number { value, text: written(value.to_string()) },
        Raw::Text(value) => Kind::Text(value),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| locate(item, text)).collect()),
        Raw::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    (Key { at: key.referenced.into(), name: key.value.0 }, locate(value, text))
                })
                .collect(),
        ),
    };
    Node { at: raw.referenced.into(), kind }
}

enum Raw {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<ScalarKey>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Number(value as f64))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

/// A key is text however it looks: `1:` and `true:` included.
struct ScalarKey(String);

impl<'de> Deserialize<'de> for ScalarKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_knows_its_line_and_column() {
        let root = read("p.yaml", "id: A\nfilter:\n  url:\n    eq: 007\n").unwrap();
        let Kind::Map(top) = root.kind else { panic!("a map") };
        assert_eq!((top[1].0.name.as_str(), top[1].0.at), ("filter", Place { line: 2, column: 1 }));
        let Kind::Map(filter) = &top[1].1.kind else { panic!("a map") };
        let Kind::Map(url) = &filter[0].1.kind else { panic!("a map") };
        assert_eq!(url[0].1.at, Place { line: 4, column: 9 });
        assert!(matches!(&url[0].1.kind, Kind::Number { text, .. } if text == "007"), "{:?}", url[0].1.kind);
    }

    #[test]
    fn broken_yaml_is_an_error_with_a_place() {
        let error = read("p.yaml", "id: A\nfilter: [1, 2\ninfo: {}\n").unwrap_err();
        assert!(error.place().line >= 2, "{error}");
    }
}
