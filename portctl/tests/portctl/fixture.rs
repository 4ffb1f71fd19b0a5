//! A control plane of canned answers on a real socket, and the binary run against it.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

pub(crate) const KEY: &str = "pk_test_1234567890";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) key: Option<String>,
    pub(crate) body: Value,
}

struct Canned {
    path: &'static str,
    status: u16,
    body: String,
}

/// Answers each path with what was laid down for it, in order; the last answer for a path stays.
#[derive(Clone)]
pub(crate) struct Server {
    address: String,
    canned: Arc<Mutex<VecDeque<Canned>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Self { address, canned: Arc::default(), seen: Arc::default() };
        let serving = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.serve(&stream);
            }
        });
        server.answer("/healthz", 200, json!({}))
    }

    pub(crate) fn answer(self, path: &'static str, status: u16, body: Value) -> Self {
        let body = if body.is_string() { body.as_str().unwrap().to_owned() } else { body.to_string() };
        self.canned.lock().unwrap().push_back(Canned { path, status, body });
        self
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Runs `portctl` with a valid key.
    pub(crate) fn portctl(&self, arguments: &[&str]) -> Run {
        run(portctl(arguments).env("PORTCTL_SERVER", self.url()).env("PORTCTL_API_KEY", KEY))
    }

    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let (mut length, mut key) = (0, None);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).unwrap();
            let Some((name, value)) = header.trim().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap(),
                "x-api-key" => key = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        self.seen.lock().unwrap().push(Seen { path: path.clone(), key, body });
        let (status, body) = self.next(&path);
        let mut stream = stream;
        write!(
            stream,
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:9/\r\nconnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
    }

    fn next(&self, path: &str) -> (u16, String) {
        let mut canned = self.canned.lock().unwrap();
        let left = canned.iter().filter(|canned| canned.path == path).count();
        let Some(at) = canned.iter().position(|canned| canned.path == path) else {
            return (404, format!("nothing laid down for {path}"));
        };
        let answer = (canned[at].status, canned[at].body.clone());
        if left > 1 {
            canned.remove(at);
        }
        answer
    }
}

/// The binary with an environment that holds nothing of the tester's.
pub(crate) fn portctl(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portctl"));
    for variable in ["PORTCTL_SERVER", "PORTCTL_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        command.env_remove(variable);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) data: String,
    pub(crate) notes: String,
}

pub(crate) fn run(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap(),
        data: String::from_utf8(stdout).unwrap(),
        notes: String::from_utf8(stderr).unwrap(),
    }
}
