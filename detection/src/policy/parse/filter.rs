//! The tree: siblings are ANDed, `and`/`or`/`not` nest, terms hold tests, collections hold selectors.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    node::Source,
    operator::{OPERATORS, comparisons, detector, distinct, operator},
};
use crate::policy::{
    Filter, Op, Pair, Place, PolicyError, Term, Test,
    yaml::{Kind, Node},
};
use crate::{evidence::EvidenceKind, sensitive::SensitiveKind};

/// What `${name}` may stand for.
#[derive(Default)]
pub(super) struct Names {
    lists: HashMap<String, Vec<String>>,
    extracted: HashSet<String>,
}

/// Deeper nesting is no policy a person wrote, and evaluation recurses.
const MAX_DEPTH: usize = 32;

const TERMS: [(&str, Term); 13] = [
    ("url", Term::Url),
    ("method", Term::Method),
    ("api_collection_id", Term::ApiCollectionId),
    ("query_param", Term::QueryParam),
    ("request_headers", Term::RequestHeaders),
    ("request_payload", Term::RequestPayload),
    ("response_headers", Term::ResponseHeaders),
    ("response_payload", Term::ResponsePayload),
    ("response_code", Term::ResponseCode),
    ("source_ip", Term::SourceIp),
    ("destination_ip", Term::DestinationIp),
    ("country_code", Term::CountryCode),
    ("wire_fact", Term::WireFact),
];
const CONNECTIVES: [&str; 3] = ["and", "or", "not"];

impl Names {
    pub(super) fn of(source: &Source<'_>, root: &Node, lists: Option<&Node>) -> Result<Self, PolicyError> {
        let mut names = Self::default();
        collect_extracted(root, &mut names.extracted, MAX_DEPTH * 2);
        if let Some(node) = lists {
            for (key, node) in source.map(node, "wordLists")? {
                let items = source.list(node, &key.name)?;
                let texts = items.iter().map(|item| source.text(item, &key.name).map(str::to_owned));
                names.lists.insert(key.name.clone(), texts.collect::<Result<_, _>>()?);
            }
        }
        Ok(names)
    }

    pub(super) fn list(&self, name: &str) -> Option<&[String]> {
        self.lists.get(name).map(Vec::as_slice)
    }

    pub(super) fn is_extracted(&self, name: &str) -> bool {
        self.extracted.contains(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.lists.keys().chain(&self.extracted).map(String::as_str)
    }
}

fn collect_extracted(node: &Node, into: &mut HashSet<String>, depth: usize) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match &node.kind {
        Kind::List(items) => items.iter().for_each(|item| collect_extracted(item, into, depth)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                match &value.kind {
                    Kind::Text(name) if key.name == "extract" => {
                        into.insert(name.clone());
                    }
                    _ => collect_extracted(value, into, depth),
                }
            }
        }
        _ => {}
    }
}

pub(super) fn filter(source: &Source<'_>, node: &Node, names: &Names) -> Result<Filter, PolicyError> {
    Reader { source, names }.filter(node, MAX_DEPTH)
}

pub(super) struct Reader<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) names: &'a Names,
}

impl Reader<'_> {
    fn filter(&self, node: &Node, depth: usize) -> Result<Filter, PolicyError> {
        let depth = self.deeper(node, depth)?;
        if let Kind::List(items) = &node.kind {
            return all(items.iter().map(|item| self.filter(item, depth)), Filter::And);
        }
        let entries = self.source.map(node, "filter")?;
        if entries.is_empty() {
            return Err(self.source.error(node, "filter: is empty, and would match everything"));
        }
        let each = entries.iter().map(|(key, value)| {
            let alternatives = || self.source.list(value, &key.name);
            match key.name.as_str() {
                "and" => all(alternatives()?.iter().map(|item| self.filter(item, depth)), Filter::And),
                "or" => all(alternatives()?.iter().map(|item| self.filter(item, depth)), Filter::Or),
                "not" => Ok(Filter::Not(Box::new(self.filter(value, depth)?))),
                "response_shows" => {
                    let known: Vec<_> = EvidenceKind::shown().collect();
                    self.kinds(value, &key.name, &known, EvidenceKind::name).map(Filter::Shows)
                }
                "response_holds" => self.holds(value),
                "detect" => {
                    let items = self.source.list_or_one(value).iter();
                    all(items.map(|item| detector(self.source, item).map(Filter::Detect)), Filter::Or)
                }
                name @ ("for_one" | "for_all") => {
                    let message = format!("`{name}` needs a term around it, such as `query_param`");
                    Err(PolicyError::at(self.source.file, key.at, message))
                }
                name if OPERATORS.contains(&name) || name == "length" => {
                    let message = format!("the operator `{name}` needs a term around it, such as `url`");
                    Err(PolicyError::at(self.source.file, key.at, message))
                }
                name => match TERMS.into_iter().find(|(term, _)| *term == name) {
                    Some((name, term)) => Ok(Filter::Term(term, self.test(value, name, depth, true)?)),
                    None => {
                        let known: Vec<_> = TERMS
                            .iter()
                            .map(|(name, _)| *name)
                            .chain(CONNECTIVES)
                            .chain(["detect", "response_shows", "response_holds"])
                            .collect();
                        Err(self.source.unknown(key.at, "filter", name, &known))
                    }
                },
            }
        });
        all(each, Filter::And)
    }

    /// `response_holds: [card, iban]`, or with a count `{kinds: [email], at_least: 50}`.
    fn holds(&self, node: &Node) -> Result<Filter, PolicyError> {
        let what = "response_holds";
        let Kind::Map(_) = &node.kind else {
            let kinds = self.kinds(node, what, &SensitiveKind::ALL, SensitiveKind::name)?;
            return Ok(Filter::Holds { kinds, at_least: 1 });
        };
        let fields = self.source.fields(node, what, &["kinds", "at_least"])?;
        let kinds = fields.required("kinds", node.at)?;
        let kinds = self.kinds(kinds, what, &SensitiveKind::ALL, SensitiveKind::name)?;
        let at_least = fields.get("at_least").map_or(Ok(1.0), |node| self.source.number(node, "at_least"))?;
        if !(1.0..=200.0).contains(&at_least) {
            return Err(self.source.error(node, "response_holds: at_least is a number from 1 to 200"));
        }
        Ok(Filter::Holds { kinds, at_least: at_least as usize })
    }

    fn kinds<T: Copy>(
        &self,
        node: &Node,
        what: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Vec<T>, PolicyError> {
        let known: Vec<_> = all.iter().map(|kind| name(*kind)).collect();
        let mut kinds = Vec::new();
        for item in self.source.list_or_one(node) {
            let word = self.source.word(item, what, &known)?;
            kinds.extend(all.iter().copied().filter(|kind| name(*kind) == word));
        }
        Ok(kinds)
    }

    /// What stands under a term or a selector; `collections` says whether `for_one` and `for_all` may.
    fn test(&self, node: &Node, what: &str, depth: usize, collections: bool) -> Result<Test, PolicyError> {
        let depth = self.deeper(node, depth)?;
        match &node.kind {
            Kind::List(items) => {
                return all(items.iter().map(|item| self.test(item, what, depth, collections)), Test::And);
            }
            Kind::Text(_) | Kind::Number { .. } | Kind::Bool { .. } => {
                let message = format!("{what}: needs an operator, such as `eq: …`");
                return Err(self.source.error(node, message));
            }
            Kind::Map(_) | Kind::Null => {}
        }
        let entries = self.source.map(node, what)?;
        if entries.is_empty() {
            return Err(self.source.error(node, format!("{what}: is empty, and would match everything")));
        }
        // `extract` beside `regex_extract` binds what the expression found, not the whole value.
        let bound = entries.iter().find(|(key, _)| key.name == "extract");
        let bound = bound.map(|(_, node)| self.source.text(node, "extract").map(Arc::from)).transpose()?;
        let narrowed = entries.iter().any(|(key, _)| key.name == "regex_extract");
        let each =
            entries.iter().filter(|(key, _)| !(narrowed && key.name == "extract")).map(|(key, value)| {
                let list = || self.source.list(value, &key.name);
                match key.name.as_str() {
                    "and" => {
                        all(list()?.iter().map(|item| self.test(item, what, depth, collections)), Test::And)
                    }
                    "or" => {
                        all(list()?.iter().map(|item| self.test(item, what, depth, collections)), Test::Or)
                    }
                    "not" => Ok(Test::Not(Box::new(self.test(value, what, depth, collections)?))),
                    "for_one" if collections => {
                        Ok(Test::ForOne(Box::new(self.pair(value, "for_one", depth)?)))
                    }
                    "for_all" if collections => {
                        Ok(Test::ForAll(Box::new(self.pair(value, "for_all", depth)?)))
                    }
                    name @ ("for_one" | "for_all") => {
                        let message = format!("`{name}` cannot stand inside a collection");
                        Err(PolicyError::at(self.source.file, key.at, message))
                    }
                    "length" => Ok(Test::Length(comparisons(self.source, value, "length")?)),
                    "percentage_match" if matches!(what, "request_payload" | "response_payload") => {
                        Ok(Test::Likeness(comparisons(self.source, value, "percentage_match")?))
                    }
                    "percentage_match" => {
                        let terms = "`request_payload` or `response_payload`";
                        Err(self.misplaced(key.at, "percentage_match", what, terms))
                    }
                    "distinct" if collections => distinct(self.source, value),
                    "distinct" => Err(self.misplaced(key.at, "distinct", what, "a term")),
                    name @ ("key" | "value") if collections => {
                        let message = format!("`{name}` needs `for_one` or `for_all` around it");
                        Err(PolicyError::at(self.source.file, key.at, message))
                    }
                    name if TERMS.iter().any(|(term, _)| *term == name) => {
                        let message = format!("the term `{name}` cannot stand inside the term `{what}`");
                        Err(PolicyError::at(self.source.file, key.at, message))
                    }
                    name => match operator(self, name, value, bound.as_ref())? {
                        Some(test) => Ok(test),
                        None => {
                            let known: Vec<_> = OPERATORS
                                .into_iter()
                                .chain(CONNECTIVES)
                                .chain(["for_one", "for_all", "length", "percentage_match", "distinct"])
                                .collect();
                            Err(self.source.unknown(key.at, what, name, &known))
                        }
                    },
                }
            });
        all(each, Test::And)
    }

    fn pair(&self, node: &Node, what: &str, depth: usize) -> Result<Pair, PolicyError> {
        let depth = self.deeper(node, depth)?;
        if let Kind::List(items) = &node.kind {
            return all(items.iter().map(|item| self.pair(item, what, depth)), Pair::And);
        }
        let entries = self.source.map(node, what)?;
        if entries.is_empty() {
            return Err(self.source.error(node, format!("{what}: is empty, and would match everything")));
        }
        let each = entries.iter().map(|(key, value)| {
            let list = || self.source.list(value, &key.name);
            match key.name.as_str() {
                "and" => all(list()?.iter().map(|item| self.pair(item, what, depth)), Pair::And),
                "or" => all(list()?.iter().map(|item| self.pair(item, what, depth)), Pair::Or),
                "not" => Ok(Pair::Not(Box::new(self.pair(value, what, depth)?))),
                "key" => Ok(Pair::Key(self.test(value, "key", depth, false)?)),
                "value" => Ok(Pair::Value(self.test(value, "value", depth, false)?)),
                name @ ("for_one" | "for_all") => {
                    let message = format!("`{name}` cannot stand inside a collection");
                    Err(PolicyError::at(self.source.file, key.at, message))
                }
                name if TERMS.iter().any(|(term, _)| *term == name) => {
                    let message = format!("the term `{name}` cannot stand inside the collection `{what}`");
                    Err(PolicyError::at(self.source.file, key.at, message))
                }
                name if OPERATORS.contains(&name) => {
                    let message = format!("`{name}` needs `key` or `value` around it inside `{what}`");
                    Err(PolicyError::at(self.source.file, key.at, message))
                }
                name => Err(self.source.unknown(key.at, what, name, &["key", "value", "and", "or", "not"])),
            }
        });
        all(each, Pair::And)
    }

    fn deeper(&self, node: &Node, depth: usize) -> Result<usize, PolicyError> {
        depth
            .checked_sub(1)
            .ok_or_else(|| self.source.error(node, format!("filter: nested deeper than {MAX_DEPTH} levels")))
    }

    /// `percentage_match` and `distinct`, which are about a term as a whole.
    fn misplaced(&self, at: Place, name: &str, what: &str, terms: &str) -> PolicyError {
        let message = format!("`{name}` cannot stand inside `{what}`: it looks at {terms} as a whole");
        PolicyError::at(self.source.file, at, message)
    }
}

/// Collects; one alone needs no connective around it.
fn all<T>(
    items: impl Iterator<Item = Result<T, PolicyError>>,
    join: impl FnOnce(Vec<T>) -> T,
) -> Result<T, PolicyError> {
    let mut items: Vec<T> = items.collect::<Result<_, _>>()?;
    match items.len() {
        1 => Ok(items.remove(0)),
        _ => Ok(join(items)),
    }
}

impl From<Op> for Test {
    fn from(op: Op) -> Self {
        Self::Op(op)
    }
}
