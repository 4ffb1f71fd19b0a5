//! What we find.

use std::path::Path;

use portcullis_exchange::Exchange;
use sensor_user::{
    capture::file,
    output::exchange_json,
    wire::{Wire, WireConfig},
};

use crate::transaction::{Connection, Transaction, Transactions};

pub(crate) fn transactions(capture: &Path) -> Transactions {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    if let Err(error) = file::read(capture, &mut |segment| wire.segment(segment, &mut completed)) {
        println!("note: {error}");
    }
    wire.finish(&mut completed);
    // The references count the transactions of a connection of HTTP/2 by stream.
    completed.sort_by_key(|exchange| exchange.stream);
    let mut connections = Transactions::new();
    for exchange in &completed {
        let (connection, transaction) = read(exchange);
        connections.entry(connection).or_default().push(transaction);
    }
    connections
}

/// By way of the JSON that users see.
fn read(exchange: &Exchange) -> (Connection, Transaction) {
    let value = serde_json::to_value(exchange_json(exchange)).unwrap();
    let text = |key: &str| value[key].as_str().map(str::to_owned);
    let transaction = Transaction {
        method: text("method"),
        target: text("target"),
        host: text("host"),
        status: value["status"].as_u64(),
        request_body: value["request_body_len"].as_u64(),
        response_body: value["response_body_len"].as_u64(),
    };
    (Connection::from_json(&value, ["src", "src_port", "dst", "dst_port"]), transaction)
}
