use portcullis_exchange::{Exchange, Grpc, GrpcMessages, Headers};
use serde_json::{Value, json};

/// One line of `sensor replay --emit exchanges`.
///
/// `ts` is the start in epoch seconds, body lengths count decoded bytes, and what was not seen is null: a half
/// exchange never gets a guessed other half. Keys after `incomplete` are there only where they apply.
pub fn exchange_json(exchange: &Exchange) -> Value {
    let request = exchange.request.as_ref();
    let response = exchange.response.as_ref();
    let method = request.map(|request| request.method.as_str());
    let target = request.map(|request| String::from_utf8_lossy(&request.target));
    // HTTP/2 may name them by table entries that were not captured.
    let is_seen = |len: usize| len > 0 || exchange.stream.is_none();
    let mut line = json!({
        "ts": exchange.started_at.seconds_f64(),
        "src": exchange.client.ip().to_string(),
        "src_port": exchange.client.port(),
        "dst": exchange.server.ip().to_string(),
        "dst_port": exchange.server.port(),
        "vni": exchange.vni,
        "method": method.filter(|method| is_seen(method.len())),
        "target": target.filter(|target| is_seen(target.len())),
        "host": request.and_then(|request| request.host()),
        "status": response.map(|response| response.status).filter(|status| *status != 0),
        "request_body_len": request.map(|request| request.body.decoded_len),
        "response_body_len": response.map(|response| response.body.decoded_len),
        "protocol": exchange.protocol.name(),
        "incomplete": exchange.incomplete.map(|incomplete| incomplete.name()),
    });
    let request_trailers = request.map(|request| &request.trailers).filter(|trailers| !trailers.is_empty());
    let response_trailers =
        response.map(|response| &response.trailers).filter(|trailers| !trailers.is_empty());
    let facts: Vec<_> = exchange.facts.iter().map(|fact| fact.name()).collect();
    let further = [
        ("stream", exchange.stream.map(Value::from)),
        ("grpc", exchange.grpc.as_deref().map(grpc_json)),
        ("request_trailers", request_trailers.map(fields_json)),
        ("response_trailers", response_trailers.map(fields_json)),
        ("facts", (!facts.is_empty()).then(|| facts.into())),
    ];
    if let Some(line) = line.as_object_mut() {
        line.extend(further.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    line
}

fn grpc_json(grpc: &Grpc) -> Value {
    json!({
        "service": grpc.service,
        "method": grpc.method,
        "status": grpc.status,
        "message": grpc.message,
        "request": messages_json(&grpc.sent),
        "response": messages_json(&grpc.received),
    })
}

fn messages_json(messages: &GrpcMessages) -> Value {
    json!({
        "messages": messages.count,
        "bytes": messages.bytes,
        "compressed": messages.compressed,
        "lengths": messages.lengths,
        "broken": messages.is_broken,
    })
}

fn fields_json(fields: &Headers) -> Value {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    fields.iter().map(|(name, value)| json!([text(name), text(value)])).collect()
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
            stream: None,
            request: Some(Request {
                method: "POST".into(),
                target: b"/a?b".to_vec(),
                headers: Headers::from_pairs([("Host", "api.test")]),
                body: Body::plain("abc"),
                ..Request::default()
            }),
            response: None,
            incomplete: Some(Incomplete::NoResponse),
            facts: Facts::default(),
            grpc: None,
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
