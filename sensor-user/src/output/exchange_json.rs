use portcullis_exchange::Exchange;
use serde_json::{Value, json};

/// One line of `sensor replay --emit exchanges`.
///
/// `ts` is the start in epoch seconds, body lengths count decoded bytes, and what was not seen is null: a half
/// exchange never gets a guessed other half.
pub fn exchange_json(exchange: &Exchange) -> Value {
    let request = exchange.request.as_ref();
    let response = exchange.response.as_ref();
    json!({
        "ts": exchange.started_at.seconds_f64(),
        "src": exchange.client.ip().to_string(),
        "src_port": exchange.client.port(),
        "dst": exchange.server.ip().to_string(),
        "dst_port": exchange.server.port(),
        "vni": exchange.vni,
        "method": request.map(|request| request.method.as_str()),
        "target": request.map(|request| String::from_utf8_lossy(&request.target)),
        "host": request.and_then(|request| request.host()),
        "status": response.map(|response| response.status),
        "request_body_len": request.map(|request| request.body.decoded_len),
        "response_body_len": response.map(|response| response.body.decoded_len),
        "protocol": exchange.protocol.name(),
        "incomplete": exchange.incomplete.map(|incomplete| incomplete.name()),
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use portcullis_exchange::{Body, Facts, Headers, Incomplete, Protocol, Request, Timestamp};

    use super::*;

    #[test]
    fn what_was_not_seen_is_null() {
        let exchange = Exchange {
            started_at: Timestamp::from_nanos(1_500_000_000),
            completed_at: Timestamp::from_seconds(2),
            client: SocketAddr::from(([192, 0, 2, 1], 40000)),
            server: SocketAddr::from(([192, 0, 2, 2], 80)),
            vni: None,
            protocol: Protocol::Http11,
            request: Some(Request {
                method: "POST".into(),
                target: b"/a?b".to_vec(),
                headers: Headers::from_pairs([("Host", "api.test")]),
                body: Body::plain("abc"),
            }),
            response: None,
            incomplete: Some(Incomplete::NoResponse),
            facts: Facts::default(),
        };
        let expected = json!({
            "ts": 1.5, "src": "192.0.2.1", "src_port": 40000, "dst": "192.0.2.2", "dst_port": 80, "vni": null,
            "method": "POST", "target": "/a?b", "host": "api.test", "status": null,
            "request_body_len": 3, "response_body_len": null,
            "protocol": "HTTP/1.1", "incomplete": "no-response",
        });
        assert_eq!(exchange_json(&exchange), expected);
    }
}
