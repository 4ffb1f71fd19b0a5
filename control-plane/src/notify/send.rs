//! One attempt: what is sent over HTTP or a syslog connection, and what the answer means.

mod syslog;

use std::{error::Error, fmt::Display, path::Path, sync::Arc, time::Duration};

use reqwest::{
    Client, Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{
    Access, NotifyError,
    address::Gate,
    format::{self, Body},
    target::host,
};
use crate::{
    clock::EpochMillis,
    store::{Queued, TargetKind},
};

const CONNECT: Duration = Duration::from_secs(5);
/// From the first packet to the end of the answer.
const WHOLE: Duration = Duration::from_secs(10);
/// Of an answer that is read at all.
const MAX_ANSWER: usize = 64 << 10;

pub(crate) enum Outcome {
    Delivered(String),
    /// Sending the same again would be refused again.
    Refused(String),
    Failed {
        problem: String,
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    pub(super) fn failed(problem: impl Display) -> Self {
        Self::Failed { problem: problem.to_string(), retry_after: None }
    }

    /// What is written down.
    pub(crate) fn detail(&self) -> String {
        match self {
            Self::Delivered(text) | Self::Refused(text) | Self::Failed { problem: text, .. } => text.clone(),
        }
    }
}

pub(super) struct Sender {
    gate: Gate,
    client: Client,
    tls: Arc<ClientConfig>,
}

impl Sender {
    pub(super) fn new(gate: Gate, ca: Option<&Path>) -> Result<Self, NotifyError> {
        let tls = tls(ca)?;
        let client = Client::builder()
            .use_preconfigured_tls(tls.clone())
            .dns_resolver(Arc::new(gate.clone()))
            // A redirect would lead past the check of the address.
            .redirect(Policy::none())
            // So would a proxy of the environment.
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| NotifyError::Tls(error.to_string()))?;
        Ok(Self { gate, client, tls: Arc::new(tls) })
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) async fn send(&self, kind: TargetKind, access: &Access, queued: &[Queued]) -> Outcome {
        // Again: what `--notify-allow` names may be less than when the target was added.
        let url = match access.check(kind, &self.gate).and_then(|_| access.url(kind)) {
            Ok(url) => url,
            Err(error) => return Outcome::failed(error),
        };
        match format::body(kind, &access.secret, queued, EpochMillis::now()) {
            Body::Frames(bytes) => {
                let is_tls = url.scheme() == "tls";
                let port = url.port().unwrap_or(if is_tls { 6_514 } else { 514 });
                let tls = is_tls.then(|| self.tls.clone());
                syslog::send(&self.gate, host(&url), port, tls, &bytes).await
            }
            Body::Request { headers, bytes, path } => {
                let mut url = url;
                if url.path() == "/" {
                    url.set_path(path);
                }
                match self.client.post(url).headers(headers).body(bytes).send().await {
                    Ok(response) => answered(kind, response).await,
                    Err(error) => Outcome::failed(reason(&error.without_url())),
                }
            }
        }
    }
}

async fn answered(kind: TargetKind, response: Response) -> Outcome {
    let status = response.status();
    let said = format!("answered {}", status.as_u16());
    match status {
        // What it does not take of a request it says in an answer of success (OTLP, «Partial Success»).
        _ if status.is_success() && kind == TargetKind::Otlp => match rejected(response).await {
            Ok(0) => Outcome::Delivered(said),
            Ok(records) => Outcome::Refused(format!("{said}, and rejected {records}")),
            Err(problem) => Outcome::failed(problem),
        },
        _ if status.is_success() => Outcome::Delivered(said),
        _ if status.is_redirection() => Outcome::failed(format!("{said}; redirects are not followed")),
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Outcome::Refused(said)
        }
        _ => Outcome::Failed { problem: said, retry_after: retry_after(response.headers()) },
    }
}

/// Seconds; a date is left to the back-off.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

async fn rejected(mut response: Response) -> Result<u64, String> {
    let mut answer = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|error| reason(&error.without_url()))? {
        if answer.len() + part.len() > MAX_ANSWER {
            return Err("answered with more than 64 KiB".to_owned());
        }
        answer.extend_from_slice(&part);
    }
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&answer) else { return Ok(0) };
    let Some(rejected) = answer.pointer("/partialSuccess/rejectedLogRecords") else { return Ok(0) };
    // Protocol Buffers' JSON has 64-bit numbers as text.
    Ok(rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0))
}

/// The last cause says what happened; what is before it says where.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", WHOLE.as_secs());
    }
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, NotifyError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    let (trusted, ignored) = roots.add_parsable_certificates(native.certs);
    if trusted == 0 {
        tracing::info!(
            ignored,
            "the system has no certificates to trust; notifications over TLS need --notify-ca"
        );
    }
    if let Some(path) = ca {
        let bad = |problem: String| NotifyError::Ca { path: path.to_owned(), problem };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| bad(error.to_string()))?;
        let mut count = 0;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| bad(error.to_string()))?;
            roots.add(certificate).map_err(|error| bad(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(bad("has no certificate in PEM".to_owned()));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| NotifyError::Tls(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
