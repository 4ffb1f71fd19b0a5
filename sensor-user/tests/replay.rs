//! `sensor replay` as a program, on captures that the tests write themselves.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may fail, and says on stdout why it did not run"
)]

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use etherparse::PacketBuilder;
use serde_json::Value;
use tempfile::TempDir;

const CLIENT: [u8; 4] = [203, 0, 113, 5];
const SERVER: [u8; 4] = [192, 0, 2, 80];

/// A capture file in the making: classic pcap, Ethernet, microseconds.
struct Capture {
    bytes: Vec<u8>,
    micros: u32,
}

impl Capture {
    fn new() -> Self {
        let mut bytes = Vec::new();
        bytes.extend(0xa1b2_c3d4_u32.to_le_bytes());
        bytes.extend([2_u16.to_le_bytes(), 4_u16.to_le_bytes()].concat());
        for field in [0_u32, 0, 65_535, 1] {
            bytes.extend(field.to_le_bytes());
        }
        Self { bytes, micros: 0 }
    }

    fn frame(&mut self, frame: &[u8]) {
        self.micros += 1000;
        let len = u32::try_from(frame.len()).unwrap();
        for field in [1_700_000_000 + self.micros / 1_000_000, self.micros % 1_000_000, len, len] {
            self.bytes.extend(field.to_le_bytes());
        }
        self.bytes.extend(frame);
    }

    /// One connection with one exchange on it.
    fn exchange(&mut self, client_port: u16, request: &str, response: &str) {
        let (mut seq, mut ack) = (1000, 5000);
        self.frame(&segment(true, client_port, seq, None, b"S"));
        self.frame(&segment(false, client_port, ack, Some(seq + 1), b"S"));
        (seq, ack) = (seq + 1, ack + 1);
        self.frame(&segment(true, client_port, seq, Some(ack), request.as_bytes()));
        seq += u32::try_from(request.len()).unwrap();
        self.frame(&segment(false, client_port, ack, Some(seq), response.as_bytes()));
    }

    fn write(&self, folder: &TempDir, name: &str) -> PathBuf {
        let path = folder.path().join(name);
        fs_err::write(&path, &self.bytes).unwrap();
        path
    }
}

/// A payload of `S` is a SYN without payload.
fn segment(from_client: bool, client_port: u16, seq: u32, ack: Option<u32>, payload: &[u8]) -> Vec<u8> {
    let (source, destination, ports) = match from_client {
        true => (CLIENT, SERVER, (client_port, 80)),
        false => (SERVER, CLIENT, (80, client_port)),
    };
    let mut packet = PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(source, destination, 64)
        .tcp(ports.0, ports.1, seq, 65_535);
    if let Some(ack) = ack {
        packet = packet.ack(ack);
    }
    let payload = match payload {
        b"S" => {
            packet = packet.syn();
            &[]
        }
        payload => payload,
    };
    let mut frame = Vec::new();
    packet.write(&mut frame, payload).unwrap();
    frame
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer hush\r\n\r\n")
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn sensor() -> Command {
    let mut sensor = Command::new(env!("CARGO_BIN_EXE_sensor"));
    sensor.arg("replay").stdin(Stdio::null());
    sensor
}

fn lines(output: &Output) -> Vec<Value> {
    output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

fn texts(lines: &[Value], key: &str) -> Vec<String> {
    lines.iter().map(|line| line.get(key).unwrap().as_str().unwrap().to_owned()).collect()
}

fn replay(files: &[&Path], emit: &str) -> Output {
    sensor().args(files).args(["--emit", emit, "-o", "jsonl"]).output().unwrap()
}

#[test]
fn exchanges_come_in_order_of_completion_with_the_documented_keys() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/a?x=1"), &ok("one"));
    capture.exchange(4002, &get("/b"), &ok("three"));
    let output = replay(&[&capture.write(&folder, "a.pcap")], "exchanges");
    assert_eq!(output.status.code(), Some(0));
    let lines = lines(&output);
    assert_eq!(texts(&lines, "target"), ["/a?x=1", "/b"]);
    let keys: Vec<_> = lines.first().unwrap().as_object().unwrap().keys().map(String::as_str).collect();
    let documented = "ts src src_port dst dst_port vni method target host status request_body_len \
                      response_body_len protocol incomplete";
    assert_eq!(keys, documented.split_whitespace().collect::<Vec<_>>());
}

#[test]
fn an_attack_that_worked_is_one_event_that_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let passwd = "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n";
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/files?name=report.txt"), &ok("quarterly figures"));
    capture.exchange(4002, &get("/files?name=../../../../etc/passwd"), &ok(passwd));
    let output = replay(&[&capture.write(&folder, "a.pcap")], "events");
    assert_eq!(output.status.code(), Some(0));
    let lines = lines(&output);
    let [event] = lines.as_slice() else { panic!("{lines:?}") };
    let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap();
    assert_eq!((text("actor"), text("url"), text("host")), ("203.0.113.5", "/files", "api.test"));
    assert_eq!(event.get("successful_exploit"), Some(&Value::Bool(true)));
    assert_eq!(event.get("status"), Some(&Value::from(200)));
    let location = event.pointer("/matched/0/location").and_then(Value::as_str);
    assert_eq!(location, Some("query.name"));
}

#[test]
fn the_users_policies_replace_the_built_in_ones() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().join("policies");
    fs_err::create_dir(&policies).unwrap();
    let policy =
        "id: NoSecrets\nfilter:\n  url:\n    contains_either: [\"/secret\"]\ninfo:\n  severity: LOW\n";
    fs_err::write(policies.join("mine.yaml"), policy).unwrap();
    fs_err::write(policies.join("bad.yaml"), "id: Bad\nfliter: {}\n").unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/secret"), &ok("x"));
    capture.exchange(4002, &get("/files?name=../../../../etc/passwd"), &ok("x"));
    let capture = capture.write(&folder, "a.pcap");
    let output = sensor().arg(&capture).arg("--policies").arg(&policies).output().unwrap();
    assert_eq!(texts(&lines(&output), "policy"), ["NoSecrets"]);
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.contains("bad.yaml:2:"), "{notes}");
}

#[test]
fn where_no_policy_is_left_the_configuration_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("bad.yaml"), "id: Bad\nfliter: {}\n").unwrap();
    let capture = Capture::new().write(&folder, "a.pcap");
    let output = sensor().arg(&capture).arg("--policies").arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
}

#[test]
fn a_file_that_cannot_be_read_is_told_apart_from_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/a"), &ok("one"));
    let (good, absent) = (capture.write(&folder, "a.pcap"), folder.path().join("absent.pcap"));
    let partly = replay(&[&absent, &good], "exchanges");
    assert_eq!((partly.status.code(), lines(&partly).len()), (Some(2), 1));
    assert_eq!(replay(&[&absent], "exchanges").status.code(), Some(1));
    assert_eq!(sensor().output().unwrap().status.code(), Some(64));
}

#[test]
fn a_reader_that_has_had_enough_ends_it_quietly() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    for port in 1000..4000 {
        capture.exchange(port, &get("/a"), &ok("one"));
    }
    let file = capture.write(&folder, "a.pcap");
    let mut running = sensor()
        .arg(&file)
        .args(["--emit", "exchanges"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, running.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(first.ends_with('\n'));
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).contains("error")),
        (Some(0), false)
    );
}

#[test]
fn more_shards_find_the_same_exchanges_and_keep_the_order_within_a_connection() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    for port in 1000..1500 {
        let pipelined = [get(&format!("/{port}/0")), get(&format!("/{port}/1"))].concat();
        capture.exchange(port, &pipelined, &[ok("one"), ok("two")].concat());
    }
    let file = capture.write(&folder, "a.pcap");
    let run = |shards: &str| {
        let output = sensor().arg(&file).args(["--emit", "exchanges", "--shards", shards]).output().unwrap();
        (texts(&lines(&output), "target"), String::from_utf8(output.stderr).unwrap())
    };
    let (alone, counted) = run("1");
    assert_eq!(alone.len(), 1000);
    assert!(counted.contains("http_exchanges_total=1000"), "{counted}");
    for shards in ["2", "5"] {
        let (mut found, counted) = run(shards);
        assert!(counted.contains("http_exchanges_total=1000"), "{counted}");
        for connection in 1000..1500 {
            let place = |n| found.iter().position(|target| *target == format!("/{connection}/{n}"));
            assert!(place(0).unwrap() < place(1).unwrap(), "{shards} shards, connection {connection}");
        }
        found.sort();
        assert_eq!(found, alone, "{shards} shards");
    }
}

#[test]
fn shards_share_what_the_policies_count() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    for port in 1000..1100 {
        capture.exchange(port, &get("/files?name=../../../../etc/passwd"), &ok("x"));
    }
    let file = capture.write(&folder, "a.pcap");
    let run = |shards: &str| {
        let output = sensor().arg(&file).args(["--emit", "events", "--shards", shards]).output().unwrap();
        texts(&lines(&output), "policy").len()
    };
    assert_eq!((run("1"), run("3")), (100, 100));
    assert_eq!(sensor().arg(&file).args(["--shards", "0"]).output().unwrap().status.code(), Some(64));
}

/// What a terminal shows of it, data aside; `None` where there is no `script` to make one.
fn at_a_terminal(command: &str) -> Option<String> {
    let made = Command::new("script").args(["-qec", command, "/dev/null"]).stdin(Stdio::null()).output();
    match made {
        Ok(output) => {
            assert_eq!(output.status.code(), Some(0));
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(error) => {
            assert_ne!(std::env::var("PORTCULLIS_REQUIRE_ALL").as_deref(), Ok("1"), "script: {error}");
            println!("skipped: script (util-linux) is needed to make a terminal: {error}");
            None
        }
    }
}

#[test]
fn a_terminal_shows_how_far_it_is_and_nothing_is_left_of_that() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/a"), &ok("one"));
    let file = capture.write(&folder, "a.pcap");
    let (sensor, file) = (env!("CARGO_BIN_EXE_sensor"), file.display());
    let replay = format!("{sensor} replay {file} --emit exchanges >/dev/null");
    let Some(shown) = at_a_terminal(&replay) else { return };
    let total = capture.bytes.len();
    assert!(shown.contains(&format!("0 B / {total} B  0 %")), "{shown:?}");
    let last_line = shown.trim_end().rsplit(['\r', '\n']).next().unwrap();
    assert!(last_line.contains("replayed: ") && !last_line.contains('%'), "{shown:?}");
}

#[test]
fn of_standard_input_a_terminal_shows_what_came_so_far() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/a"), &ok("one"));
    let (first, after) = capture.bytes.split_at(24);
    let (header, packets) = (folder.path().join("header"), folder.path().join("packets"));
    fs_err::write(&header, first).unwrap();
    // More than the reader takes in one go.
    fs_err::write(&packets, after.repeat(10_000)).unwrap();
    let (sensor, header, packets) = (env!("CARGO_BIN_EXE_sensor"), header.display(), packets.display());
    let slowly = format!("(cat {header} {packets}; sleep 1) | {sensor} replay - --emit exchanges >/dev/null");
    let Some(shown) = at_a_terminal(&slowly) else { return };
    let lines: Vec<&str> = shown.split('\r').filter(|line| line.contains("transactions")).collect();
    assert!(lines.iter().any(|line| line.contains("MiB") && !line.contains('%')), "{shown:?}");
    assert!(lines.iter().any(|line| !line.contains("  0 transactions")), "{shown:?}");
}

#[test]
fn where_standard_error_is_no_terminal_there_is_no_progress() {
    let folder = tempfile::tempdir().unwrap();
    let mut capture = Capture::new();
    capture.exchange(4001, &get("/a"), &ok("one"));
    let output = replay(&[&capture.write(&folder, "a.pcap")], "exchanges");
    let notes = String::from_utf8(output.stderr).unwrap();
    assert!(notes.starts_with("replayed: ") && notes.lines().count() == 1, "{notes:?}");
}
