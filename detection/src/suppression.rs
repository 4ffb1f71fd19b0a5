use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use portcullis_exchange::{Request, TaggedExchange, Timestamp};

use crate::Detection;

/// A combination that raises no event. An empty field stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppression {
    pub id: String,
    /// The actor by its name: address without a port, or identity.
    pub actor: String,
    pub policy_id: String,
    pub method: String,
    /// The path without the query, as sent.
    pub url: String,
    pub host: String,
    /// It holds before this moment of the exchange's own time; `None` for ever.
    pub until: Option<Timestamp>,
}

/// The suppressions in force, each with how often it held an event back. Cheap to clone; clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    entries: Vec<Arc<Entry>>,
}

#[derive(Debug)]
struct Entry {
    suppression: Suppression,
    hits: AtomicU64,
}

impl Suppressions {
    /// A later entry with the same id replaces an earlier one.
    pub fn new(suppressions: impl IntoIterator<Item = Suppression>) -> Self {
        let mut set = Self::default();
        for suppression in suppressions {
            set.insert(suppression);
        }
        set
    }

    /// Adds it, or replaces the one with its id, whose count goes on.
    pub fn insert(&mut self, suppression: Suppression) {
        let known = self.entries.iter_mut().find(|entry| entry.suppression.id == suppression.id);
        match known {
            Some(entry) => {
                let hits = AtomicU64::new(entry.hits.load(Ordering::Relaxed));
                *entry = Arc::new(Entry { suppression, hits });
            }
            None => self.entries.push(Arc::new(Entry { suppression, hits: AtomicU64::new(0) })),
        }
    }

    /// Whether there was one with this id.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.suppression.id != id);
        self.entries.len() < before
    }

    /// Drops what ended before `now`; gives how many.
    pub fn expire(&mut self, now: Timestamp) -> usize {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.suppression.until.is_none_or(|until| now < until));
        before - self.entries.len()
    }

    /// The first suppression that holds this detection back; counts the hit. An exchange without a request has no
    /// endpoint, so only suppressions without method, url and host can match it.
    pub fn matches(&self, detection: &Detection) -> Option<&Suppression> {
        let sample = detection.samples.first()?;
        let actor = sample.actor.name();
        let entry = self.entries.iter().find(|entry| entry.suppression.covers(detection, sample, &actor))?;
        entry.hits.fetch_add(1, Ordering::Relaxed);
        Some(&entry.suppression)
    }

    /// `(suppression, hits)`.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Suppression, u64)> {
        self.entries.iter().map(|entry| (&entry.suppression, entry.hits.load(Ordering::Relaxed)))
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Suppression {
    fn covers(&self, detection: &Detection, sample: &TaggedExchange, actor: &str) -> bool {
        let any_or = |wanted: &str, is: &dyn Fn(&str) -> bool| wanted.is_empty() || is(wanted);
        let request = sample.exchange.request.as_ref();
        let of_request = |test: &dyn Fn(&Request) -> bool| request.is_some_and(test);
        self.until.is_none_or(|until| sample.exchange.completed_at < until)
            && any_or(&self.policy_id, &|id| id == &*detection.policy_id)
            && any_or(&self.actor, &|wanted| wanted == actor)
            && any_or(&self.method, &|method| of_request(&|r| r.method.eq_ignore_ascii_case(method)))
            && any_or(&self.url, &|url| of_request(&|r| r.path() == url.as_bytes()))
            && any_or(&self.host, &|host| {
                of_request(&|r| r.host().is_some_and(|is| is.eq_ignore_ascii_case(host)))
            })
    }
}
