use std::collections::HashMap;

use ahash::RandomState;
use portcullis_exchange::Timestamp;

use super::{
    Change, Endpoint,
    path::{Parameters, Path, Segment, shown},
};

/// So many different words in one place, most of them asked for less often than [`WEAK`], are values of a parameter.
const FEW_WORDS: usize = 64;
/// No place has more words of its own, however often each is asked for.
const MANY_WORDS: usize = 512;
const WEAK: u32 = 8;
const MAX_METHODS: usize = 12;
/// In the place of a value.
const PARAMETER: &str = "{id}";

/// One place in a host's tree of paths.
#[derive(Debug, Default)]
pub(super) struct Node {
    words: HashMap<Box<[u8]>, Node, RandomState>,
    parameter: Option<Box<Node>>,
    pub(super) methods: Vec<(Box<str>, Endpoint)>,
    requests: u32,
    /// Words that are not known here are values of the parameter.
    is_collapsed: bool,
}

impl Node {
    /// The node of a path, a new one only where the answer founds it, and which segments are parameters there.
    pub(super) fn resolve(
        &mut self,
        path: &Path<'_>,
        founds: bool,
        change: &mut Change,
    ) -> Option<(&mut Self, Parameters)> {
        let (mut node, mut parameters) = (self, Parameters::default());
        for (depth, segment) in path.segments.iter().enumerate() {
            node.requests = node.requests.saturating_add(1);
            let word = match segment {
                Segment::Word(word) if node.words.contains_key(*word) => Some(*word),
                Segment::Word(word) if !node.is_collapsed && founds => {
                    node.words.insert((*word).into(), Self::default());
                    node.collapse_if_full(|| parameters.template(path, depth), change);
                    node.words.contains_key(*word).then_some(*word)
                }
                Segment::Word(_) if !node.is_collapsed => return None,
                Segment::Word(_) | Segment::Identifier(_) => None,
            };
            node = match word {
                Some(word) => node.words.get_mut(word)?,
                None if node.parameter.is_none() && !founds => return None,
                None => {
                    parameters.insert(depth);
                    node.parameter.get_or_insert_default()
                }
            };
        }
        node.requests = node.requests.saturating_add(1);
        Some((node, parameters))
    }

    pub(super) fn endpoint(
        &mut self,
        method: &str,
        founds: bool,
        now: Timestamp,
        change: &mut Change,
    ) -> Option<&mut Endpoint> {
        let known = self.methods.iter().position(|(known, _)| &**known == method);
        let index = match known {
            Some(index) => index,
            None if founds && self.methods.len() < MAX_METHODS => {
                self.methods.push((method.into(), Endpoint::new(now)));
                change.founded = true;
                self.methods.len() - 1
            }
            None => return None,
        };
        self.methods.get_mut(index).map(|(_, endpoint)| endpoint)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.methods.is_empty() && self.words.is_empty() && self.parameter.is_none()
    }

    pub(super) fn endpoints(&self) -> usize {
        let mut count = 0;
        self.each(&mut |_| count += 1);
        count
    }

    pub(super) fn each<'n>(&'n self, visit: &mut impl FnMut(&'n Endpoint)) {
        self.methods.iter().for_each(|(_, endpoint)| visit(endpoint));
        self.words.values().chain(self.parameter.as_deref()).for_each(|child| child.each(visit));
    }

    /// With the method and the template of each.
    pub(super) fn each_named(
        &mut self,
        template: &mut String,
        visit: &mut impl FnMut(&str, &str, &mut Endpoint),
    ) {
        let name = if template.is_empty() { "/" } else { template.as_str() };
        for (method, endpoint) in &mut self.methods {
            visit(method, name, endpoint);
        }
        let length = template.len();
        let named = self.words.iter_mut().map(|(word, child)| (shown(word), child));
        let parameter = self.parameter.as_deref_mut().map(|child| ("{id}".to_owned(), child));
        for (word, child) in named.chain(parameter) {
            template.push('/');
            template.push_str(&word);
            child.each_named(template, visit);
            template.truncate(length);
        }
    }

    /// With the way to each: its segments, and whether what is unknown beside them is a value.
    pub(super) fn each_kept<'n>(
        &'n self,
        way: &mut Vec<(String, bool)>,
        visit: &mut impl FnMut(&[(String, bool)], &'n str, &'n Endpoint),
    ) {
        self.methods.iter().for_each(|(method, endpoint)| visit(way, method, endpoint));
        let named = self.words.iter().map(|(word, child)| (shown(word), child));
        let parameter = self.parameter.as_deref().map(|child| (PARAMETER.to_owned(), child));
        for (segment, child) in named.chain(parameter) {
            way.push((segment, self.is_collapsed));
            child.each_kept(way, visit);
            way.pop();
        }
    }

    /// Puts an endpoint back. False where it finds no room.
    pub(super) fn restore(&mut self, way: &[(String, bool)], method: &str, endpoint: Endpoint) -> bool {
        let requests = u32::try_from(endpoint.facts.requests).unwrap_or(u32::MAX);
        let mut node = self;
        for (segment, is_collapsed) in way {
            node.requests = node.requests.saturating_add(requests);
            node.is_collapsed |= is_collapsed;
            if segment == PARAMETER {
                node = node.parameter.get_or_insert_default();
            } else if node.words.len() < MANY_WORDS {
                node = node.words.entry(segment.as_bytes().into()).or_default();
            } else {
                return false;
            }
        }
        node.requests = node.requests.saturating_add(requests);
        let has_room =
            node.methods.len() < MAX_METHODS && node.methods.iter().all(|(known, _)| **known != *method);
        if has_room {
            node.methods.push((method.into(), endpoint));
        }
        has_room
    }

    pub(super) fn retain(&mut self, keep: &mut impl FnMut(&Endpoint) -> bool) {
        self.methods.retain(|(_, endpoint)| keep(endpoint));
        self.words.retain(|_, child| {
            child.retain(keep);
            !child.is_empty()
        });
        if let Some(child) = &mut self.parameter {
            child.retain(keep);
            if child.is_empty() {
                self.parameter = None;
            }
        }
    }

    /// Words that are asked for again and again stay: they are names, whatever somebody adds beside them.
    fn collapse_if_full(&mut self, template: impl FnOnce() -> String, change: &mut Change) {
        if self.words.len() < FEW_WORDS {
            return;
        }
        let weak = self.words.values().filter(|child| child.requests < WEAK).count();
        if weak * 2 < self.words.len() && self.words.len() < MANY_WORDS {
            return;
        }
        self.is_collapsed = true;
        let template = template();
        let mut parameter = self.parameter.take().unwrap_or_default();
        self.words.retain(|word, child| {
            if child.requests >= WEAK {
                return true;
            }
            let mut from = format!("{template}/{}", shown(word));
            child
                .each_named(&mut from, &mut |method, name, _| change.merged.push(format!("{method} {name}")));
            parameter.take_in(std::mem::take(child));
            false
        });
        self.parameter = Some(parameter);
    }

    /// As deep as paths are, which is bounded.
    fn take_in(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        for (method, endpoint) in other.methods {
            match self.methods.iter_mut().find(|(known, _)| *known == method) {
                Some((_, known)) => known.take_in(endpoint),
                None => self.methods.push((method, endpoint)),
            }
        }
        for (word, child) in other.words {
            self.words.entry(word).or_default().take_in(child);
        }
        if let Some(child) = other.parameter {
            self.parameter.get_or_insert_default().take_in(*child);
        }
    }
}
