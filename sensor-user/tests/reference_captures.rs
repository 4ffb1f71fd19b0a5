//! Holds the way from packets to exchanges against 752 captures of other projects' test suites and the transactions
//! that other tools found in them. The captures are not part of this project: without them the test says so.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "reading the expectations, in helpers of a test"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use portcullis_exchange::Exchange;
use sensor_user::{
    capture::file,
    output::exchange_json,
    wire::{Wire, WireConfig},
};
use serde_json::Value;

type Connection = (String, u64, String, u64);

/// What the other tools found. Body lengths of a message that was not seen are none.
#[derive(Debug)]
struct Expected {
    method: Option<String>,
    target: Option<String>,
    host: Option<String>,
    status: Option<u64>,
    request_body: Option<u64>,
    response_body: Option<u64>,
}

/// How many captures of a confidence agree in every transaction, and how many of those in every body length too; lower
/// numbers are a regression.
const FLOORS: [(&str, usize, usize); 4] =
    [("agree", 411, 300), ("req-agree", 30, 29), ("disputed", 40, 40), ("n/a", 217, 217)];

#[test]
fn captures_give_the_transactions_that_other_tools_agree_on() {
    let Some(captures) = captures() else {
        println!("skipped: ../shared is not here");
        return;
    };
    let index = fs_err::read_to_string(captures.join("index.tsv")).unwrap();
    let mut scores: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (name, category, confidence) =
            (columns.next().unwrap(), columns.next().unwrap(), columns.next().unwrap());
        let expected = truth(&captures, name);
        let found = exchanges(&captures.join(name));
        let are_paired = every_pair(&expected, &found, &agrees);
        let have_lengths = every_pair(&expected, &found, &|expected, found| {
            agrees(expected, found) && agrees_in_length(expected, found)
        });
        let [paired, lengths, all] = scores.entry(confidence.to_owned()).or_default();
        *paired += usize::from(are_paired);
        *lengths += usize::from(have_lengths);
        *all += 1;
        if !have_lengths {
            let what = if are_paired { "body lengths" } else { "transactions" };
            println!("differs in {what}: {name} ({category}, {confidence})");
            print_difference(&expected, &found);
        }
    }
    println!("[equal transactions, equal lengths too, of all]: {scores:?}");
    for (confidence, paired_floor, lengths_floor) in FLOORS {
        let [paired, lengths, all] = scores.get(confidence).copied().unwrap_or_default();
        assert!(paired >= paired_floor, "{confidence}: {paired} of {all} equal, {paired_floor} before");
        assert!(lengths >= lengths_floor, "{confidence}: {lengths} of {all} equal, {lengths_floor} before");
    }
}

/// The other tool ends a target at its first space, and names no status where a response was not seen to its end.
fn agrees(expected: &Expected, found: &Exchange) -> bool {
    let (request, response) = (found.request.as_ref(), found.response.as_ref());
    // Where HTTP/2 names the path by a table entry that was not captured.
    let target = request.map(|request| text(&request.target)).filter(|target| !target.is_empty());
    let is_target = target == expected.target
        || matches!((&expected.target, &target), (Some(expected), Some(target))
            if target.strip_prefix(expected.as_str()).is_some_and(|rest| rest.starts_with(' ')));
    let status = response.map(|response| u64::from(response.status));
    let is_status = status == expected.status
        || (expected.status.is_none() && found.incomplete.is_some() && request.is_some());
    let method = request.map(|request| request.method.clone());
    let host = request.and_then(|request| request.headers.get("host").map(text));
    is_target && is_status && method == expected.method && host == expected.host
}

/// The other tool gives the decoded length of some requests. In HTTP/2 it loses a byte of every DATA frame, and decodes
/// nothing.
fn agrees_in_length(expected: &Expected, found: &Exchange) -> bool {
    if found.stream.is_some() {
        return true;
    }
    let request = found.request.as_ref().map(|request| &request.body);
    let is_request = request.is_none_or(|body| {
        [body.transferred_len, body.decoded_len].map(Some).contains(&expected.request_body)
    });
    let response = found.response.as_ref().map(|response| response.body.decoded_len);
    is_request && (response == expected.response_body || expected.status.is_none())
}

fn every_pair(
    expected: &BTreeMap<Connection, Vec<Expected>>,
    found: &BTreeMap<Connection, Vec<Exchange>>,
    same: &dyn Fn(&Expected, &Exchange) -> bool,
) -> bool {
    expected.keys().eq(found.keys())
        && expected.values().zip(found.values()).all(|(expected, found)| {
            expected.len() == found.len() && expected.iter().zip(found).all(|(left, right)| same(left, right))
        })
}

fn captures() -> Option<PathBuf> {
    let shared = std::env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    Some(shared.join("pcaps")).filter(|captures| captures.join("index.tsv").is_file())
}

fn truth(captures: &Path, name: &str) -> BTreeMap<Connection, Vec<Expected>> {
    let stem = Path::new(name).file_stem().unwrap().to_str().unwrap();
    let text = fs_err::read_to_string(captures.join("truth").join(format!("{stem}.jsonl"))).unwrap();
    let mut connections: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for line in text.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| value[key].as_str().map(str::to_owned);
        let connection = (
            text("src").unwrap_or_default(),
            value["sport"].as_u64().unwrap_or_default(),
            text("dst").unwrap_or_default(),
            value["dport"].as_u64().unwrap_or_default(),
        );
        connections.entry(connection).or_default().push(Expected {
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

fn exchanges(path: &Path) -> BTreeMap<Connection, Vec<Exchange>> {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    if let Err(error) = file::read(path, &mut |segment| wire.segment(segment, &mut completed)) {
        println!("note: {error}");
    }
    wire.finish(&mut completed);
    let mut connections: BTreeMap<_, Vec<_>> = BTreeMap::new();
    // The other tool counts the transactions of a connection of HTTP/2 by stream.
    completed.sort_by_key(|exchange| exchange.stream);
    for exchange in completed {
        let (client, server) = (exchange.client, exchange.server);
        let connection = (
            client.ip().to_string(),
            u64::from(client.port()),
            server.ip().to_string(),
            u64::from(server.port()),
        );
        connections.entry(connection).or_default().push(exchange);
    }
    connections
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn print_difference(
    expected: &BTreeMap<Connection, Vec<Expected>>,
    found: &BTreeMap<Connection, Vec<Exchange>>,
) {
    let connections: BTreeSet<_> = expected.keys().chain(found.keys()).collect();
    for connection in connections {
        let left = expected.get(connection).map(Vec::as_slice).unwrap_or_default();
        let right = found.get(connection).map(Vec::as_slice).unwrap_or_default();
        for n in 0..left.len().max(right.len()) {
            let (left, right) = (left.get(n), right.get(n));
            let is_same = left
                .zip(right)
                .is_some_and(|(left, right)| agrees(left, right) && agrees_in_length(left, right));
            if !is_same {
                println!(
                    "  {connection:?} #{n}\n    expected {left:?}\n    found    {:?}",
                    right.map(|exchange| serde_json::to_string(&exchange_json(exchange)))
                );
            }
        }
    }
}
