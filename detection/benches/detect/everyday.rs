//! Exchanges as a server sees them all day.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_detection::corpus::{CorpusError, Labelled};
use portcullis_exchange::TaggedExchange;
use serde_json::{Value, json};

/// So often is each judged in a round.
pub(super) const TIMES: usize = 10_000;

pub(super) fn exchanges() -> Result<Vec<(&'static str, Arc<TaggedExchange>)>, CorpusError> {
    let small = exchange("GET", "/1024.bin", json!({"Host": "192.0.2.1"}), b"", "text/plain", &[b'x'; 1024]);
    let large =
        exchange("GET", "/65536.bin", json!({"Host": "192.0.2.1"}), b"", "text/plain", &[b'x'; 65536]);
    let object = exchange("GET", "/api/v2/orders/48213?expand=items", browser(), b"", JSON, &orders(4));
    let list = exchange("GET", "/api/v2/orders?page=3&sort=created", browser(), b"", JSON, &orders(256));
    let form = serde_json::to_vec(&order(7)).unwrap_or_default();
    let post = exchange("POST", "/api/v2/orders", browser(), &form, JSON, &orders(1));
    Ok(vec![
        ("GET of 1 KiB of text", small?),
        ("GET of 64 KiB of text", large?),
        ("GET of 1 KiB of JSON by a browser", object?),
        ("GET of 64 KiB of JSON by a browser", list?),
        ("POST of JSON by a browser", post?),
    ])
}

const JSON: &str = "application/json; charset=utf-8";

fn exchange(
    method: &str,
    path: &str,
    headers: Value,
    body: &[u8],
    content_type: &str,
    answer: &[u8],
) -> Result<Arc<TaggedExchange>, CorpusError> {
    let line = json!({
        "id": "everyday", "label": "benign", "class": "everyday",
        "request": {"method": method, "path": path, "headers": headers, "body_base64": STANDARD.encode(body)},
        "response": {
            "status": 200,
            "headers": {"Content-Type": content_type, "Server": "nginx", "Date": "Sun, 01 Mar 2026 10:00:00 GMT"},
            "body_base64": STANDARD.encode(answer),
        },
    });
    Labelled::parse(&line.to_string()).map(|labelled| labelled.exchange)
}

fn browser() -> Value {
    json!({
        "Host": "shop.example", "Accept": "application/json, text/plain, */*", "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "de-DE,de;q=0.9,en;q=0.8", "Connection": "keep-alive", "Content-Type": JSON,
        "Cookie": "session=5f3a9c1e7b2d4f60a8c1e3b5d7f90123; theme=dark; consent=1",
        "Referer": "https://shop.example/orders?page=2", "Origin": "https://shop.example",
        "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    })
}

fn orders(count: u32) -> Vec<u8> {
    serde_json::to_vec(&(0..count).map(order).collect::<Vec<_>>()).unwrap_or_default()
}

fn order(number: u32) -> Value {
    json!({
        "id": 48_213 + number, "state": "shipped", "created": "2026-03-01T09:58:12Z", "total": {"amount": 5_990, "currency": "EUR"},
        "address": {"street": "Am Markt 12", "city": "Weimar", "zip": "99423"},
        "items": [{"sku": "TS-1002-BLK", "quantity": 2, "title": "T-Shirt, black (M)"}],
    })
}
