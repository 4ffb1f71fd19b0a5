//! How much a body resembles the one before it at the same endpoint: `percentage_match`.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, Hasher},
    sync::{Mutex, PoisonError},
};

use ahash::RandomState;
use hashlink::LruCache;
use portcullis_exchange::Exchange;

/// Endpoints remembered; the least recently asked for goes first.
const MAX_ENDPOINTS: usize = 4096;
/// Bytes of a body that are compared.
const MAX_BODY: usize = 64 << 10;
/// Smallest hashes kept of a body. The share that two bodies have in common of them estimates the share that they have
/// of all, within about 5 percent.
const SKETCH: usize = 128;

/// The latest bodies that were answered with a 2xx status, by endpoint.
#[derive(Debug)]
pub(super) struct UsualBodies {
    hasher: RandomState,
    endpoints: Mutex<LruCache<u64, Bodies, RandomState>>,
}

#[derive(Debug)]
struct Bodies {
    request: Sketch,
    response: Sketch,
}

/// Per cent; `None` where the endpoint was not seen before, or there is no such body.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Likeness {
    pub(super) request: Option<f64>,
    pub(super) response: Option<f64>,
}

impl Default for UsualBodies {
    fn default() -> Self {
        let hasher = RandomState::new();
        Self { endpoints: Mutex::new(LruCache::with_hasher(MAX_ENDPOINTS, hasher.clone())), hasher }
    }
}

impl UsualBodies {
    /// Compares with what is known, and makes this the known one if it was answered with a 2xx status.
    pub(super) fn compare_and_keep(&self, exchange: &Exchange) -> Likeness {
        self.compare(exchange, true)
    }

    /// Compares, and remembers nothing.
    pub(super) fn compare_only(&self, exchange: &Exchange) -> Likeness {
        self.compare(exchange, false)
    }

    fn compare(&self, exchange: &Exchange, keep: bool) -> Likeness {
        let Some(request) = &exchange.request else { return Likeness::default() };
        let response = exchange.response.as_ref();
        let answer: &[u8] = response.map_or(&[], |response| &response.body.bytes);
        let bodies = Bodies {
            request: Sketch::of(&self.hasher, &request.body.bytes),
            response: Sketch::of(&self.hasher, answer),
        };
        let key = self.endpoint(&request.method, request.host().as_deref(), request.path());
        // A sketch is replaced whole: a panic elsewhere leaves none half written.
        let mut endpoints = self.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let known = endpoints.get(&key);
        let likeness = Likeness {
            request: known.map(|known| known.request.resemblance(&bodies.request)),
            response: known
                .filter(|_| response.is_some())
                .map(|known| known.response.resemblance(&bodies.response)),
        };
        if keep && response.is_some_and(|response| (200..300).contains(&response.status)) {
            endpoints.insert(key, bodies);
        }
        likeness
    }

    /// Segments that hold a digit are taken for identifiers: all of one endpoint.
    fn endpoint(&self, method: &str, host: Option<&str>, path: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(method.as_bytes());
        hasher.write_u8(0);
        hasher.write(host.unwrap_or_default().to_ascii_lowercase().as_bytes());
        for segment in path.split(|byte| *byte == b'/') {
            hasher.write_u8(b'/');
            hasher.write(if segment.iter().any(u8::is_ascii_digit) { b"{}" } else { segment });
        }
        hasher.finish()
    }
}

/// The smallest hashes of all pairs of neighbouring words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sketch(Vec<u64>);

impl Sketch {
    fn of(hasher: &RandomState, body: &[u8]) -> Self {
        let body = body.get(..body.len().min(MAX_BODY)).unwrap_or_default();
        let words = || {
            body.split(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii())
                .filter(|word| !word.is_empty())
        };
        let mut smallest = BTreeSet::new();
        for pair in words().zip(words().skip(1).chain([b"".as_slice()])) {
            smallest.insert(hasher.hash_one(pair));
            if smallest.len() > SKETCH {
                smallest.pop_last();
            }
        }
        Self(smallest.into_iter().collect())
    }

    fn resemblance(&self, other: &Self) -> f64 {
        if self == other {
            return 100.0;
        }
        let all: BTreeSet<u64> = self.0.iter().chain(&other.0).copied().collect();
        let of_all = all.iter().take(SKETCH);
        let common = of_all
            .clone()
            .filter(|hash| self.0.binary_search(hash).is_ok() && other.0.binary_search(hash).is_ok());
        common.count() as f64 * 100.0 / of_all.count().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resemblance_is_the_share_in_common() {
        let hasher = RandomState::new();
        let of = |text: &str| Sketch::of(&hasher, text.as_bytes());
        let words = |from: usize, to: usize| (from..to).map(|n| format!("w{n} ")).collect::<String>();
        assert_eq!(of("").resemblance(&of("")), 100.0);
        assert_eq!(of("a b c").resemblance(&of("a b c")), 100.0);
        assert_eq!(of("a b c").resemblance(&of("x y z")), 0.0);
        let half = of(&words(0, 1000)).resemblance(&of(&words(500, 1500)));
        assert!((20.0..47.0).contains(&half), "{half} is about a third");
    }
}
