use std::{net::IpAddr, sync::Arc};

use portcullis_exchange::{
    Actor, ActorSource, Exchange, Facts, Protocol, Request, Response, TaggedExchange, Tags, Timestamp,
};

/// What an actor asked of the test's server, all of it in one moment.
pub(crate) fn exchange(
    actor: impl Into<IpAddr>,
    at: Timestamp,
    request: Request,
    response: Option<Response>,
) -> Arc<TaggedExchange> {
    let address = actor.into();
    let exchange = Exchange {
        started_at: at,
        completed_at: at,
        client: (address, 40_000).into(),
        server: ([192, 0, 2, 1], 80).into(),
        vni: None,
        protocol: Protocol::Http11,
        stream: None,
        request: Some(request),
        response,
        incomplete: None,
        facts: Facts::default(),
        grpc: None,
    };
    let actor = Actor { address, source: ActorSource::Packet };
    Arc::new(TaggedExchange { exchange, actor, tags: Arc::new(Tags::default()) })
}
