//! The filter tree after parsing: everything in it can be evaluated.

use std::sync::Arc;

use ipnet::IpNet;
use regex::bytes::Regex;

use crate::{detector::Detector, evidence::EvidenceKind, sensitive::SensitiveKind};

/// A condition on one exchange.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    /// A built-in grammar detector over every place of the request.
    Detect(Detector),
    /// What an answer shows that tells of a fault of its own.
    Shows(Vec<EvidenceKind>),
    /// Sensitive data in an answer that the request did not bring: so many different values.
    Holds {
        kinds: Vec<SensitiveKind>,
        at_least: usize,
    },
    Term(Term, Test),
}

impl Filter {
    /// Whether it looks at a single short value without binding any.
    pub(crate) fn is_cheap(&self) -> bool {
        matches!(self, Self::Term(Term::Method | Term::ResponseCode, test) if test.is_plain())
    }

    pub(crate) fn compares_bodies(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::compares_bodies),
            Self::Not(inner) => inner.compares_bodies(),
            Self::Detect(_) | Self::Shows(_) | Self::Holds { .. } => false,
            Self::Term(_, test) => test.compares_bodies(),
        }
    }
}

impl Test {
    /// Whether it compares with constants.
    fn is_plain(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().all(Self::is_plain),
            Self::Op(Op::Compare(_)) => true,
            Self::Op(Op::Equals(operands)) => operands.iter().all(|operand| operand.as_literal().is_some()),
            _ => false,
        }
    }

    /// Inside collections it cannot stand.
    fn compares_bodies(&self) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(Self::compares_bodies),
            Self::Not(inner) => inner.compares_bodies(),
            Self::Likeness(_) => true,
            Self::ForOne(_) | Self::ForAll(_) | Self::Length(_) | Self::Distinct { .. } | Self::Op(_) => {
                false
            }
        }
    }
}

/// A part of the exchange that a test looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    Url,
    Method,
    ApiCollectionId,
    QueryParam,
    RequestHeaders,
    RequestPayload,
    ResponseHeaders,
    ResponsePayload,
    ResponseCode,
    SourceIp,
    DestinationIp,
    /// Where the actor's address is registered, ISO 3166-1 alpha-2.
    CountryCode,
    /// Ours: oddities of the wire ([`portcullis_exchange::Fact`]), by name.
    WireFact,
}

/// A condition on the values of a term.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
    ForOne(Box<Pair>),
    ForAll(Box<Pair>),
    Length(Vec<Comparison>),
    /// `percentage_match`: how much a body resembles the one before it at the same endpoint.
    Likeness(Vec<Comparison>),
    /// How many different values a collection holds; those of one name only, where `key` is given.
    Distinct {
        key: Option<String>,
        comparisons: Vec<Comparison>,
    },
    Op(Op),
}

/// A condition on one key with its value.
#[derive(Clone, Debug)]
pub(crate) enum Pair {
    And(Vec<Pair>),
    Or(Vec<Pair>),
    Not(Box<Pair>),
    Key(Test),
    Value(Test),
}

/// A condition on one value.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Equals(Vec<Operand>),
    Compare(Comparison),
    ContainsEither(Vec<Operand>),
    ContainsAll(Vec<Operand>),
    InNetworks(Vec<IpNet>),
    Regex(Regex),
    /// Binds the first group, or else the whole match, where `into` is given.
    RegexExtract {
        regex: Regex,
        into: Option<Arc<str>>,
    },
    Extract(Arc<str>),
    ContainsJwt,
    DataType(DataType),
    ValueType(Vec<ValueType>),
    Detect(Detector),
    /// Objects in the longest list of a JSON text.
    Records(Vec<Comparison>),
    /// Shannon entropy in bits per byte.
    Entropy(Vec<Comparison>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Comparison {
    pub(crate) order: Order,
    pub(crate) bound: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    /// As a policy writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "neq",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "gte",
            Self::Less => "lt",
            Self::LessOrEqual => "lte",
        }
    }
}

impl Comparison {
    pub(crate) fn holds(self, value: f64) -> bool {
        match self.order {
            Order::Equal => value == self.bound,
            Order::NotEqual => value != self.bound,
            Order::Greater => value > self.bound,
            Order::GreaterOrEqual => value >= self.bound,
            Order::Less => value < self.bound,
            Order::LessOrEqual => value <= self.bound,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataType {
    Text,
    Number,
    Boolean,
}

/// What a value looks like, whatever type its place gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    Text,
    Number,
    Integer,
    Boolean,
    Uuid,
    Email,
    Ip,
    Url,
    Date,
    Jwt,
    Hex,
}

impl ValueType {
    pub(crate) const ALL: [Self; 11] = [
        Self::Text,
        Self::Number,
        Self::Integer,
        Self::Boolean,
        Self::Uuid,
        Self::Email,
        Self::Ip,
        Self::Url,
        Self::Date,
        Self::Jwt,
        Self::Hex,
    ];

    /// As a policy writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Uuid => "uuid",
            Self::Email => "email",
            Self::Ip => "ip",
            Self::Url => "url",
            Self::Date => "date",
            Self::Jwt => "jwt",
            Self::Hex => "hex",
        }
    }
}

/// Text to compare with, trimmed and in lower case; `${name}` stands for a value that an earlier node extracted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operand {
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(String),
    Variable(Arc<str>),
}

impl Operand {
    pub(crate) fn literal(text: &str) -> Self {
        Self { parts: vec![Part::Literal(text.trim().to_lowercase())] }
    }

    /// The text, where nothing in it waits for an extracted value.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
