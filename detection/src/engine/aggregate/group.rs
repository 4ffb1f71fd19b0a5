use std::hash::{BuildHasher, Hash, Hasher};

use ahash::RandomState;
use portcullis_exchange::{Request, TaggedExchange};

use crate::{
    inventory::looks_like_identifier,
    policy::{Distinct, DistinctSource, GroupBy},
    view::Views,
};

/// Whose window it is: 128 keyed bits, so that nobody can choose to count as somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Group(u64, u64);

#[derive(Debug, Default)]
pub(super) struct Hashers {
    first: RandomState,
    second: RandomState,
}

impl Hashers {
    pub(super) fn one(&self, value: impl Hash) -> u64 {
        self.first.hash_one(value)
    }

    pub(super) fn group(&self, by: &[GroupBy], exchange: &TaggedExchange) -> Group {
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            // Networks behind one mirror may use the same addresses and names, and belong to different people.
            exchange.exchange.vni.hash(&mut hasher);
            by.iter().for_each(|part| hash_part(*part, exchange, &mut hasher));
            hasher.finish()
        };
        Group(half(&self.first), half(&self.second))
    }

    /// `None` where the exchange has no such value: it counts as a match, but not as another value.
    pub(super) fn identifier(
        &self,
        distinct: &Distinct,
        exchange: &TaggedExchange,
        views: &Views<'_>,
    ) -> Option<u64> {
        let request = exchange.exchange.request.as_ref()?;
        let value = match distinct.source {
            DistinctSource::Url => request.path(),
            DistinctSource::RequestHeaders => request.headers.get(&distinct.key)?,
            DistinctSource::QueryParam | DistinctSource::RequestPayload => {
                let in_query = distinct.source == DistinctSource::QueryParam;
                let named = |name: &str| name.eq_ignore_ascii_case(&distinct.key);
                let field = views.fields.iter().find(|field| {
                    !field.is_name
                        && field.is_body() != in_query
                        && (named(&field.name) || named(field.leaf_name()))
                })?;
                field.views.last()?.text.bytes()
            }
        };
        Some(self.first.hash_one(value))
    }
}

fn hash_part(part: GroupBy, exchange: &TaggedExchange, hasher: &mut impl Hasher) {
    let request = exchange.exchange.request.as_ref();
    match part {
        GroupBy::Actor => match exchange.actor.identity {
            Some(identity) => identity.hash(hasher),
            None => exchange.actor.address.hash(hasher),
        },
        GroupBy::Method => request.map(|request| &request.method).hash(hasher),
        GroupBy::Host => host(request).hash(hasher),
        GroupBy::Collection => exchange.tags.collection_id.hash(hasher),
        GroupBy::Destination => exchange.exchange.server.ip().hash(hasher),
        GroupBy::Api => {
            request.map(|request| &request.method).hash(hasher);
            host(request).hash(hasher);
            let path = request.map_or(&[][..], Request::path);
            for segment in path.split(|byte| *byte == b'/') {
                if looks_like_identifier(segment) { None } else { Some(segment) }.hash(hasher);
            }
        }
    }
}

fn host(request: Option<&Request>) -> Option<String> {
    Some(request?.host()?.to_ascii_lowercase())
}
