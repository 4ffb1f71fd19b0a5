//! What other tools found.

use std::path::Path;

use serde_json::Value;

use crate::transaction::{Connection, Transaction, Transactions};

pub(crate) fn transactions(captures: &Path, capture: &str) -> Transactions {
    let stem = Path::new(capture).file_stem().unwrap().to_str().unwrap();
    let text = fs_err::read_to_string(captures.join("truth").join(format!("{stem}.jsonl"))).unwrap();
    let mut connections = Transactions::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let number = |key: &str| value[key].as_u64();
        let connection = Connection::from_json(&value, ["src", "sport", "dst", "dport"]);
        connections.entry(connection).or_default().push(Transaction {
            method: text("method"),
            target: text("uri"),
            host: text("host"),
            status: number("status"),
            // A length of a message that was not seen is none, and one that is left out is zero.
            request_body: text("method").and(number("req_body_len").or(Some(0))),
            response_body: number("status").and(number("resp_body_len").or(Some(0))),
        });
    }
    connections
}
