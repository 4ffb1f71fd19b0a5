use std::{net::IpAddr, sync::Arc};

use portcullis_exchange::{Exchange, Request, Response, TaggedExchange, Timestamp};

/// What an actor asked of the test's server, all of it in one moment.
pub(crate) fn exchange(
    actor: impl Into<IpAddr>,
    at: Timestamp,
    request: Request,
    response: Option<Response>,
) -> Arc<TaggedExchange> {
    let exchange = Exchange {
        request: Some(request),
        response,
        ..Exchange::at(at, (actor.into(), 40_000), ([192, 0, 2, 1], 80))
    };
    Arc::new(TaggedExchange::untagged(exchange))
}
