//! A well-kept implementation of HTTP/2 on both ends; what both said is held against what we read.

use std::collections::BTreeMap;

use bytes::Bytes;
use fastrand::Rng;
use h2::{RecvStream, SendStream};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use portcullis_exchange::Headers;
use tokio::task::JoinSet;

use super::recording::Recording;

/// One message as a peer meant it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Message {
    /// Method and path, or status.
    start: String,
    fields: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    trailers: Vec<(String, Vec<u8>)>,
}

/// Made from a seed that both ends know: the path carries its number.
fn message(seed: u64, is_request: bool) -> Message {
    let mut random = Rng::with_seed(seed * 2 + u64::from(is_request));
    let mut fields = |most: usize| {
        let mut fields = Vec::new();
        for _ in 0..random.usize(0..=most) {
            let name = match random.u8(0..4) {
                0 => format!("x-{}", random.u8(0..8)),
                1 => ["accept", "user-agent", "etag", "cache-control"][random.usize(0..4)].to_owned(),
                2 => "cookie".to_owned(),
                _ => format!("x-long-{}", "n".repeat(random.usize(1..200))),
            };
            let longest = [8, 8, 60, 600][random.usize(0..4)];
            let visible = b' '..=b'~';
            let value: Vec<u8> = (0..random.usize(1..longest))
                .map(|_| if random.u8(0..40) == 0 { random.u8(0x80..) } else { random.u8(visible.clone()) })
                .collect();
            fields.push((name, value.trim_ascii().to_vec()));
        }
        fields
    };
    let (fields, trailers) = (fields(12), fields(2));
    // A few are larger than the flow-control window.
    let len = if seed % 20 == 3 { 50_000 } else { [0, 10, 1000][random.usize(0..3)] };
    let body: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
    let start = if is_request {
        format!("{} /{seed}?q={}", ["GET", "POST", "PUT", "X-ODD"][random.usize(0..4)], random.u16(..))
    } else {
        ["200", "204", "302", "404", "418", "500"][random.usize(0..6)].to_owned()
    };
    // An empty block of trailers is none.
    Message { start, fields, body, trailers }
}

fn map(fields: &[(String, Vec<u8>)]) -> HeaderMap {
    let field = |(name, value): &(String, Vec<u8>)| {
        (HeaderName::try_from(name.as_str()).unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    let mut map = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        map.append(name, value);
    }
    map
}

/// The map of that implementation gives values by name, in the order of the names' first values.
fn in_map_order(fields: &[(String, Vec<u8>)]) -> Vec<(String, Vec<u8>)> {
    map(fields).iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

async fn send(mut stream: SendStream<Bytes>, message: Message) {
    let trailers = map(&message.trailers);
    let mut body = Bytes::from(message.body);
    while !body.is_empty() {
        stream.reserve_capacity(body.len());
        let Some(Ok(room)) = std::future::poll_fn(|context| stream.poll_capacity(context)).await else {
            return;
        };
        let piece = body.split_to(room.min(body.len()));
        stream.send_data(piece, body.is_empty() && trailers.is_empty()).unwrap();
    }
    if !trailers.is_empty() {
        stream.send_trailers(trailers).unwrap();
    }
}

async fn receive(mut stream: RecvStream) {
    while let Some(Ok(bytes)) = stream.data().await {
        let _ = stream.flow_control().release_capacity(bytes.len());
    }
    let _ = stream.trailers().await;
}

fn is_bodiless(message: &Message) -> bool {
    message.body.is_empty() && message.trailers.is_empty()
}

async fn serve(io: tokio::io::DuplexStream, table_size: u32) {
    let mut builder = h2::server::Builder::new();
    builder.header_table_size(table_size).max_frame_size(1 << 15);
    let mut connection = builder.handshake::<_, Bytes>(io).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        tokio::spawn(async move {
            let seed: u64 = request.uri().path()[1..].parse().unwrap();
            let message = message(seed, false);
            if seed.is_multiple_of(7) {
                let interim = Response::builder().status(103).body(()).unwrap();
                respond.send_informational(interim).unwrap();
            }
            receive(request.into_body()).await;
            let mut response = Response::builder().status(message.start.as_str()).body(()).unwrap();
            *response.headers_mut() = map(&message.fields);
            let stream = respond.send_response(response, is_bodiless(&message)).unwrap();
            if !is_bodiless(&message) {
                send(stream, message).await;
            }
        });
    }
}

/// Sends the requests of the seeds, several at a time.
async fn call(io: tokio::io::DuplexStream, table_size: u32, seeds: std::ops::Range<u64>) {
    let mut builder = h2::client::Builder::new();
    builder.header_table_size(table_size).initial_window_size(20_000).enable_push(false);
    let (client, connection) = builder.handshake::<_, Bytes>(io).await.unwrap();
    tokio::spawn(connection);
    let mut calls = JoinSet::new();
    for seed in seeds {
        let mut client = client.clone().ready().await.unwrap();
        let message = message(seed, true);
        let (method, target) = message.start.split_once(' ').unwrap();
        let uri = format!("http://api.test{target}");
        let mut request = Request::builder().method(method).uri(uri).body(()).unwrap();
        *request.headers_mut() = map(&message.fields);
        let (response, stream) = client.send_request(request, is_bodiless(&message)).unwrap();
        calls.spawn(async move {
            let sending = async {
                if !is_bodiless(&message) {
                    send(stream, message).await;
                }
            };
            let (_, response) = tokio::join!(sending, response);
            receive(response.unwrap().into_body()).await;
        });
        if calls.len() > 8 {
            calls.join_next().await.unwrap().unwrap();
        }
    }
    calls.join_all().await;
}

async fn record(server_table: u32, client_table: u32, seeds: std::ops::Range<u64>) -> Recording {
    let recording = Recording::default();
    let ((client, near), (far, server)) = (tokio::io::duplex(1 << 16), tokio::io::duplex(1 << 16));
    let passing = tokio::spawn(recording.clone().pass(near, far));
    let serving = tokio::spawn(serve(server, server_table));
    call(client, client_table, seeds).await;
    serving.await.unwrap();
    passing.await.unwrap();
    recording
}

fn fields(headers: &Headers) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.to_vec())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_real_peers_send_is_what_is_read_at_any_segmentation() {
    for (round, (server_table, client_table)) in
        [(4096, 4096), (0, 65_536), (65_536, 0), (100, 1_000_000), (1_000_000, 100)].into_iter().enumerate()
    {
        let seeds = round as u64 * 1000..round as u64 * 1000 + 40;
        let recording = record(server_table, client_table, seeds.clone()).await;
        let exchanges = recording.exchanges();
        let mut found = BTreeMap::new();
        for exchange in &exchanges {
            assert_eq!((exchange.incomplete, exchange.facts.is_empty()), (None, true), "{exchange:?}");
            let request = exchange.request.as_ref().unwrap();
            let response = exchange.response.as_ref().unwrap();
            let target = String::from_utf8(request.target.clone()).unwrap();
            let seed: u64 = target[1..].split('?').next().unwrap().parse().unwrap();
            assert_eq!(request.host().as_deref(), Some("api.test"));
            let sent = Message {
                start: format!("{} {target}", request.method),
                fields: fields(&request.headers).split_off(1),
                body: request.body.bytes.clone(),
                trailers: fields(&request.trailers),
            };
            let received = Message {
                start: response.status.to_string(),
                fields: fields(&response.headers),
                body: response.body.bytes.clone(),
                trailers: fields(&response.trailers),
            };
            found.insert(seed, (sent, received));
        }
        let expected: BTreeMap<_, _> =
            seeds.map(|seed| (seed, (meant(seed, true), meant(seed, false)))).collect();
        assert_eq!(found.len(), expected.len());
        for (seed, expected) in expected {
            assert_eq!(found[&seed], expected, "tables of {server_table} and {client_table}");
        }
        recording.assert_cuts_change_nothing(round as u64);
    }
}

fn meant(seed: u64, is_request: bool) -> Message {
    let Message { start, fields, body, trailers } = message(seed, is_request);
    Message { start, fields: in_map_order(&fields), body, trailers: in_map_order(&trailers) }
}
