//! The control plane over REST: `POST /api/<endpoint>` with JSON both ways.

mod key;
mod server;

use std::{
    error::Error,
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    time::{Duration, SystemTime},
};

use reqwest::{
    StatusCode,
    blocking::{Client as Http, RequestBuilder, Response},
    header::{DATE, HeaderValue},
    redirect,
};
use serde_json::Value;

pub(crate) use self::{key::ApiKey, server::Server};
use crate::{failure::Failure, output::Output};

/// The largest answer that is read: 1,000 events with their payloads stay below.
const MAX_REPLY: u64 = 256 << 20;
/// How long a file of any size may take.
const LONG: Duration = Duration::from_secs(12 * 3600);
const PIECE: usize = 64 * 1024;

pub(crate) struct Client {
    http: Http,
    server: Server,
    key: HeaderValue,
}

/// An answer of `/healthz`.
pub(crate) struct Health {
    /// The server's clock, where it says (`Date`, RFC 9110 §6.6.1; whole seconds).
    pub(crate) date: Option<SystemTime>,
}

impl Client {
    pub(crate) fn new(server: Server, key: ApiKey) -> Result<Self, Failure> {
        Ok(Self { http: http(&server)?, server, key: key.into_header() })
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    pub(crate) fn call(&self, endpoint: &'static str, body: &Value) -> Result<Value, Failure> {
        let response = self.send(endpoint, body)?;
        let status = response.status();
        let text = read(response).map_err(|cause| self.bad_reply(endpoint, cause))?;
        if !status.is_success() {
            return Err(self.refusal(endpoint, status, &text));
        }
        serde_json::from_str(&text).map_err(|error| self.bad_reply(endpoint, error.to_string()))
    }

    /// Passes on an answer that is a file, as it comes.
    pub(crate) fn download(
        &self,
        endpoint: &'static str,
        body: &Value,
        output: &mut Output<'_>,
    ) -> Result<(), Failure> {
        let response = self.send(endpoint, body)?;
        let status = response.status();
        if !status.is_success() {
            let text = read(response).map_err(|cause| self.bad_reply(endpoint, cause))?;
            return Err(self.refusal(endpoint, status, &text));
        }
        let mut lines = BufReader::new(response);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = lines
                .by_ref()
                .take(MAX_REPLY)
                .read_until(b'\n', &mut line)
                .map_err(|error| self.bad_reply(endpoint, error.to_string()))?;
            if length == 0 {
                return Ok(output.end_file()?);
            }
            output.file(&line)?;
        }
    }

    /// Writes an answer that is a file of any size to one, and gives its length. `on_bytes` is told how much there is.
    pub(crate) fn save(
        &self,
        endpoint: &'static str,
        body: &Value,
        to: &mut File,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<u64, Failure> {
        let request = self.request(endpoint, body).timeout(LONG);
        let mut response = request.send().map_err(|error| unreachable(&self.server, &error))?;
        let status = response.status();
        if !status.is_success() {
            let text = read(response).map_err(|cause| self.bad_reply(endpoint, cause))?;
            return Err(self.refusal(endpoint, status, &text));
        }
        let (mut piece, mut bytes) = (vec![0; PIECE], 0);
        loop {
            let length =
                response.read(&mut piece).map_err(|error| self.bad_reply(endpoint, root_cause(&error)))?;
            let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { return Ok(bytes) };
            to.write_all(read)?;
            bytes += length as u64;
            on_bytes(bytes);
        }
    }

    fn send(&self, endpoint: &'static str, body: &Value) -> Result<Response, Failure> {
        self.request(endpoint, body).send().map_err(|error| unreachable(&self.server, &error))
    }

    fn request(&self, endpoint: &'static str, body: &Value) -> RequestBuilder {
        self.http.post(self.server.url(&["api", endpoint])).header("x-api-key", &self.key).json(body)
    }

    /// As [`Self::call`], giving the reply as what it is expected to be.
    pub(crate) fn call_for<T: serde::de::DeserializeOwned>(
        &self,
        endpoint: &'static str,
        body: &Value,
    ) -> Result<T, Failure> {
        self.parse(endpoint, self.call(endpoint, body)?)
    }

    pub(crate) fn parse<T: serde::de::DeserializeOwned>(
        &self,
        endpoint: &'static str,
        value: Value,
    ) -> Result<T, Failure> {
        serde_json::from_value(value).map_err(|error| self.bad_reply(endpoint, error.to_string()))
    }

    fn bad_reply(&self, endpoint: &'static str, cause: String) -> Failure {
        Failure::BadReply { server: self.server.to_string(), endpoint, cause }
    }

    fn refusal(&self, endpoint: &'static str, status: StatusCode, text: &str) -> Failure {
        let server = self.server.to_string();
        match status {
            StatusCode::UNAUTHORIZED => Failure::Unauthorized { server, endpoint },
            StatusCode::FORBIDDEN => {
                Failure::Forbidden { server, endpoint, reason: action_errors(text).join("; ") }
            }
            StatusCode::UNPROCESSABLE_ENTITY => {
                Failure::Rejected { server, endpoint, errors: action_errors(text) }
            }
            _ => Failure::Status {
                server,
                endpoint,
                status: status.as_u16(),
                body: action_errors(text).join("; "),
                next_step: match status {
                    StatusCode::NOT_FOUND => "is this a Portcullis control plane? check --server",
                    StatusCode::TOO_MANY_REQUESTS => "wait a moment, then try again",
                    _ if status.is_redirection() => {
                        "the key is not sent elsewhere: give the final URL to --server"
                    }
                    _ => "look at the control plane's log, and try: portctl doctor",
                },
            },
        }
    }
}

/// Asks whether the control plane is there; needs no key.
pub(crate) fn health(server: &Server) -> Result<Health, Failure> {
    let response =
        http(server)?.get(server.url(&["healthz"])).send().map_err(|error| unreachable(server, &error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(Failure::Status {
            server: server.to_string(),
            endpoint: "healthz",
            status: status.as_u16(),
            body: read(response).map_or_else(|cause| cause, |text| beginning(&text)),
            next_step: "look at the control plane's log",
        });
    }
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).and_then(parse_date);
    Ok(Health { date })
}

fn http(server: &Server) -> Result<Http, Failure> {
    let mut builder = Http::builder()
        .user_agent(concat!("portctl/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(60))
        // A redirect would carry the key to wherever it points.
        .redirect(redirect::Policy::none());
    if server.is_loopback() {
        // HTTP_PROXY is not meant for this machine itself, and NO_PROXY often forgets it.
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| Failure::Usage(format!("cannot set up HTTP: {}", root_cause(&error))))
}

fn read(response: Response) -> Result<String, String> {
    let mut text = String::new();
    let length = response.take(MAX_REPLY).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if length as u64 == MAX_REPLY {
        return Err(format!("longer than {} MiB", MAX_REPLY >> 20));
    }
    Ok(text)
}

fn unreachable(server: &Server, error: &reqwest::Error) -> Failure {
    let cause = root_cause(error);
    let next_step = if error.is_timeout() {
        format!(
            "it did not answer in time: is a firewall between, or a block of our own? try: curl -i {server}/healthz"
        )
    } else if cause.contains("certificate") {
        // The error's type belongs to the TLS library below reqwest; its text names the certificate.
        "its certificate is not trusted here: name the file of the CA that issued it in SSL_CERT_FILE, \
         or add that CA to the system's: update-ca-certificates"
            .to_owned()
    } else {
        format!(
            "start it with: control-plane --data-dir DIR --http {}\n  \
             or name another with --server URL or PORTCTL_SERVER",
            server.authority()
        )
    };
    Failure::Unreachable { server: server.to_string(), cause, next_step }
}

/// The innermost error says what happened; the outer ones only who asked.
fn root_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn action_errors(text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let errors = value.get("actionErrors").and_then(Value::as_array);
    let errors = errors.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() { vec![beginning(text)] } else { errors }
}

fn beginning(text: &str) -> String {
    let mut beginning: String = text.trim().chars().take(300).collect();
    if beginning.is_empty() {
        beginning.push_str("(empty answer)");
    }
    beginning
}

fn parse_date(text: &str) -> Option<SystemTime> {
    // IMF-fixdate, the only form a sender may generate (RFC 9110 §5.6.7).
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    time::PrimitiveDateTime::parse(text, format).ok().map(|date| date.assume_utc().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_header_is_read() {
        let date = parse_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
        assert_eq!(parse_date("yesterday"), None);
    }

    #[test]
    fn a_422_without_action_errors_shows_what_it_said() {
        assert_eq!(action_errors(r#"{"actionErrors":["cidr: loopback"]}"#), ["cidr: loopback"]);
        assert_eq!(action_errors("nope"), ["nope"]);
    }
}
