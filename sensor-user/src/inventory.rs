//! What was learned of the endpoints, as the control plane is told it.

use portcullis_detection::{
    AuthKind, EndpointFacts, EndpointName, InventoryBatch, Learned, SensitiveKinds, ValueKind,
};
use portcullis_exchange::Timestamp;
use portcullis_proto::v1;

/// Endpoints of one message: with 64 parameters each they take about 2 MiB.
const MOST: usize = 256;

/// What is new, as a message; see [`Learned::batch`].
pub fn update(
    learned: &Learned,
    counts: bool,
    account: &str,
    collection: i64,
) -> Option<v1::InventoryUpdate> {
    let InventoryBatch { number, endpoints, removed } = learned.batch(MOST, counts)?;
    Some(v1::InventoryUpdate {
        number,
        endpoints: endpoints.into_iter().map(|(name, facts)| endpoint(name, facts)).collect(),
        removed: removed.into_iter().map(name_of).collect(),
        account_id: account.to_owned(),
        api_collection_id: collection,
    })
}

/// An update was not stored.
pub fn lost(learned: &Learned, update: v1::InventoryUpdate) {
    let name = |name: v1::EndpointName| EndpointName {
        method: name.method,
        host: name.host,
        vni: name.vni,
        template: name.template,
    };
    learned.lost(update.removed.into_iter().map(name).collect());
}

fn endpoint(name: EndpointName, facts: EndpointFacts) -> v1::Endpoint {
    let auth = AuthKind::ALL.into_iter().zip(facts.auth).filter(|(_, count)| *count > 0);
    let parameters = facts.parameters.iter().map(|one| v1::Parameter {
        location: one.place.name().to_owned(),
        name: one.name.to_string(),
        seen: one.seen,
        types: one.kinds().map(ValueKind::name).map(str::to_owned).collect(),
    });
    v1::Endpoint {
        parameters: parameters.collect(),
        name: Some(name_of(name)),
        since_ms: Timestamp::millis(facts.since),
        first_seen_ms: facts.first.millis(),
        last_seen_ms: facts.last.millis(),
        requests: facts.requests,
        statuses: facts.statuses.into_iter().map(|(status, count)| (status.into(), count)).collect(),
        parameters_left_out: facts.parameters_left_out,
        auth: auth.map(|(kind, count)| (kind.name().to_owned(), count)).collect(),
        request_types: facts.request_types,
        response_types: facts.response_types,
        sensitive_in_requests: kinds(facts.sensitive.in_requests),
        sensitive_in_responses: kinds(facts.sensitive.in_responses),
    }
}

fn kinds(kinds: SensitiveKinds) -> Vec<String> {
    kinds.iter().map(|kind| kind.name().to_owned()).collect()
}

fn name_of(name: EndpointName) -> v1::EndpointName {
    v1::EndpointName { method: name.method, host: name.host, template: name.template, vni: name.vni }
}
