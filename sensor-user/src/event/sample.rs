use portcullis_exchange::{Body, Headers, TaggedExchange};
use portcullis_proto::v1;

use super::cut;
use crate::mask;

/// Bytes of each body that an event with one sample carries.
pub(super) const SINGLE_PAYLOAD: usize = 32 << 10;
/// The same for an event that carries several.
pub(super) const AGGREGATED_PAYLOAD: usize = 4 << 10;

const MAX_HEADERS: usize = 128;
const MAX_NAME: usize = 256;
const MAX_VALUE: usize = 4 << 10;
const MAX_TARGET: usize = 16 << 10;
const MAX_REASON: usize = 128;
/// All fields of one head together, whatever each of them takes.
const MAX_HEAD: usize = 32 << 10;

/// One exchange, decoded, cut and masked. The cut comes first, so that masking is bounded too.
pub(super) fn sample(tagged: &TaggedExchange, payload: usize) -> v1::Sample {
    let exchange = &tagged.exchange;
    let mut sample = v1::Sample {
        time_ms: exchange.started_at.millis(),
        source_ip: exchange.client.ip().to_string(),
        source_port: exchange.client.port().into(),
        destination_ip: exchange.server.ip().to_string(),
        destination_port: exchange.server.port().into(),
        vni: exchange.vni,
        protocol: exchange.protocol.name().to_owned(),
        ..v1::Sample::default()
    };
    if let Some(request) = &exchange.request {
        sample.method = cut::text(&request.method, MAX_NAME);
        sample.path = cut::text(&mask::target(cut::bytes(&request.target, MAX_TARGET)), MAX_TARGET);
        sample.request_headers = headers(&request.headers, &request.trailers);
        sample.request_payload = body(&request.headers, &request.body, payload);
        sample.request_payload_len = request.body.decoded_len;
    }
    if let Some(response) = &exchange.response {
        sample.status_code = response.status.into();
        sample.reason = cut::text(&String::from_utf8_lossy(&response.reason), MAX_REASON);
        sample.response_headers = headers(&response.headers, &response.trailers);
        sample.response_payload = body(&response.headers, &response.body, payload);
        sample.response_payload_len = response.body.decoded_len;
    }
    sample
}

/// Trailers follow the fields of the head.
fn headers(headers: &Headers, trailers: &Headers) -> Vec<v1::Header> {
    let mut left = MAX_HEAD;
    let masked = headers.iter().chain(trailers.iter()).take(MAX_HEADERS).map(|(name, value)| v1::Header {
        name: cut::text(&String::from_utf8_lossy(cut::bytes(name, MAX_NAME)), MAX_NAME),
        value: mask::header(name, cut::bytes(value, MAX_VALUE)),
    });
    masked
        .take_while(|field| {
            let fits = left.checked_sub(field.name.len() + field.value.len());
            left = fits.unwrap_or_default();
            fits.is_some()
        })
        .collect()
}

fn body(headers: &Headers, body: &Body, payload: usize) -> Vec<u8> {
    let masked = mask::body(headers.text("content-type"), cut::bytes(&body.bytes, payload));
    cut::bytes(&masked, payload).to_vec()
}
