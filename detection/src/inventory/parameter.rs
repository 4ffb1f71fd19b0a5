use ahash::RandomState;
use serde::{Deserialize, Serialize};

use super::shape::Shape;

/// Different values that are told apart before a parameter counts as free text.
const FEW_VALUES: usize = 8;
/// So often a parameter must have been seen before few values mean that there are no others.
const OFTEN: u64 = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ParameterPlace {
    /// Named after the word before it: the `{id}` of `/users/{id}` is `users`.
    Path,
    Query,
    Body,
    Cookie,
}

impl ParameterPlace {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Body => "body",
            Self::Cookie => "cookie",
        }
    }
}

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ValueKind {
    Integer,
    Number,
    Boolean,
    Uuid,
    Date,
    Email,
    String,
    /// Text of which only a few different values occur.
    Enum,
    /// Several values under one name.
    Array,
}

impl ValueKind {
    pub const ALL: [Self; 9] = [
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::Uuid,
        Self::Date,
        Self::Email,
        Self::String,
        Self::Enum,
        Self::Array,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Email => "email",
            Self::String => "string",
            Self::Enum => "enum",
            Self::Array => "array",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// What is known of one parameter. Its values are not kept, only what they look like.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Parameter {
    pub place: ParameterPlace,
    pub name: Box<str>,
    /// Requests that had it.
    pub seen: u64,
    kinds: u16,
    /// Hashes of the first few different values, for as long as there are few.
    values: Vec<u32>,
    has_many_values: bool,
}

impl Parameter {
    pub(super) fn new(place: ParameterPlace, name: &str) -> Self {
        Self { place, name: name.into(), seen: 0, kinds: 0, values: Vec::new(), has_many_values: false }
    }

    pub(super) fn note(&mut self, value: &[u8], hasher: &RandomState) {
        self.seen += 1;
        let kind = kind_of(value);
        self.kinds |= kind.bit();
        if self.name.ends_with("[]") {
            self.kinds |= ValueKind::Array.bit();
        }
        if kind == ValueKind::String && !self.has_many_values {
            let hash = hasher.hash_one(value) as u32;
            if !self.values.contains(&hash) {
                self.has_many_values = self.values.len() >= FEW_VALUES;
                self.values.push(hash);
            }
            if self.has_many_values {
                self.values = Vec::new();
            }
        }
    }

    pub(super) fn take_in(&mut self, other: &Self) {
        self.seen += other.seen;
        self.kinds |= other.kinds;
        self.has_many_values |= other.has_many_values;
        self.values.extend(
            other.values.iter().filter(|value| !self.values.contains(value)).copied().collect::<Vec<_>>(),
        );
        if self.values.len() > FEW_VALUES {
            self.has_many_values = true;
            self.values = Vec::new();
        }
    }

    pub fn kinds(&self) -> impl Iterator<Item = ValueKind> {
        let is_enum = self.seen >= OFTEN && !self.has_many_values && !self.values.is_empty();
        let kinds = self.kinds;
        ValueKind::ALL.into_iter().filter(move |kind| match kind {
            ValueKind::String => kinds & kind.bit() != 0 && !is_enum,
            ValueKind::Enum => is_enum,
            _ => kinds & kind.bit() != 0,
        })
    }
}

fn kind_of(value: &[u8]) -> ValueKind {
    match Shape::of(value.trim_ascii()) {
        Shape::Integer => ValueKind::Integer,
        Shape::Number => ValueKind::Number,
        Shape::Boolean => ValueKind::Boolean,
        Shape::Uuid => ValueKind::Uuid,
        Shape::Date => ValueKind::Date,
        Shape::Email => ValueKind::Email,
        Shape::Hex | Shape::Token | Shape::Text => ValueKind::String,
    }
}
