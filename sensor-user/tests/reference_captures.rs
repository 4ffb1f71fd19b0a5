//! Holds the way from packets to exchanges against 752 captures of other projects' test suites and the transactions
//! that other tools found in them. The captures are not part of this project: without them the test says so.

#![expect(clippy::unwrap_used, reason = "reading the expectations, in helpers of a test")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portcullis_exchange::Exchange;
use sensor_user::{
    capture::file,
    wire::{Wire, WireConfig},
};
use serde_json::Value;

type Connection = (String, u64, String, u64);

/// What is compared of a transaction. Body lengths of a message that was not seen are none.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Transaction {
    method: Option<String>,
    target: Option<String>,
    host: Option<String>,
    status: Option<u64>,
    request_body: Option<u64>,
    response_body: Option<u64>,
}

/// How many captures of a confidence agree in every transaction; a lower number is a regression.
const FLOORS: [(&str, usize); 4] = [("agree", 0), ("req-agree", 0), ("disputed", 0), ("n/a", 217)];

#[test]
fn captures_give_the_transactions_that_other_tools_agree_on() {
    let Some(captures) = captures() else {
        println!("skipped: ../shared is not here");
        return;
    };
    let index = fs_err::read_to_string(captures.join("index.tsv")).unwrap();
    let mut equal: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (name, category, confidence) =
            (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        let expected = truth(&captures, name);
        let found = exchanges(&captures.join(name));
        let is_equal = expected == found;
        let (good, all) = equal.entry(confidence.to_owned()).or_default();
        *good += usize::from(is_equal);
        *all += 1;
        if !is_equal {
            println!("differs: {name} ({category}, {confidence})");
            print_difference(&expected, &found);
        }
    }
    println!("captures with every transaction equal: {equal:?}");
    for (confidence, floor) in FLOORS {
        let (good, all) = equal.get(confidence).copied().unwrap_or_default();
        assert!(good >= floor, "{confidence}: {good} of {all} equal, {floor} were before");
    }
}

fn captures() -> Option<PathBuf> {
    let shared = std::env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    Some(shared.join("pcaps")).filter(|captures| captures.join("index.tsv").is_file())
}

fn truth(captures: &Path, name: &str) -> BTreeMap<Connection, Vec<Transaction>> {
    let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
    let text = fs_err::read_to_string(captures.join("truth").join(format!("{stem}.jsonl"))).unwrap();
    let mut connections: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        // HTTP/2 is not read yet.
        if !value["h2_stream"].is_null() || value["proto"] == "HTTP/2" {
            continue;
        }
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let connection = (
            text("src").unwrap_or_default(),
            value["sport"].as_u64().unwrap_or_default(),
            text("dst").unwrap_or_default(),
            value["dport"].as_u64().unwrap_or_default(),
        );
        connections.entry(connection).or_default().push(Transaction {
            method: text("method"),
            target: text("uri"),
            host: text("host"),
            status: value["status"].as_u64(),
            request_body: value["method"].as_str().and(value["req_body_len"].as_u64()),
            response_body: value["status"].as_u64().map(|_| value["resp_body_len"].as_u64().unwrap_or(0)),
        });
    }
    connections
}

fn exchanges(path: &Path) -> BTreeMap<Connection, Vec<Transaction>> {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    if let Err(error) = file::read(path, &mut |segment| wire.segment(segment, &mut completed)) {
        println!("note: {error}");
    }
    wire.finish(&mut completed);
    let mut connections: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for exchange in completed {
        let (client, server) = (exchange.client, exchange.server);
        let connection = (
            client.ip().to_string(),
            u64::from(client.port()),
            server.ip().to_string(),
            u64::from(server.port()),
        );
        connections.entry(connection).or_default().push(transaction(&exchange));
    }
    connections
}

fn transaction(exchange: &Exchange) -> Transaction {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Transaction {
        method: request.map(|request| request.method.clone()),
        target: request.map(|request| text(&request.target)),
        host: request.and_then(|request| request.headers.get("host").map(text)),
        status: response.map(|response| u64::from(response.status)),
        request_body: request.map(|request| request.body.transferred_len),
        response_body: response.map(|response| response.body.decoded_len),
    }
}

fn print_difference(
    expected: &BTreeMap<Connection, Vec<Transaction>>,
    found: &BTreeMap<Connection, Vec<Transaction>>,
) {
    let none = Vec::new();
    let connections: std::collections::BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for connection in connections {
        let (left, right) =
            (expected.get(connection).unwrap_or(&none), found.get(connection).unwrap_or(&none));
        for n in 0..left.len().max(right.len()) {
            if left.get(n) != right.get(n) {
                println!(
                    "  {connection:?} #{n}\n    expected {:?}\n    found    {:?}",
                    left.get(n),
                    right.get(n)
                );
            }
        }
    }
}
