//! One attempt: what is sent over HTTP or a syslog connection, and what the answer means.

mod syslog;

use std::{fmt::Display, sync::Arc, time::Duration};

use reqwest::{Response, StatusCode};

use super::{
    Access,
    format::{self, Body},
};
use crate::{
    clock::EpochMillis,
    outbound::{CONNECT, Gate, Outbound, WHOLE, host, reason, retry_after, whole},
    store::{Queued, TargetKind},
};

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
    outbound: Arc<Outbound>,
}

impl Sender {
    pub(super) fn new(outbound: Arc<Outbound>) -> Self {
        Self { outbound }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.outbound.gate
    }

    pub(super) async fn send(&self, kind: TargetKind, access: &Access, queued: &[Queued]) -> Outcome {
        // Again: what `--notify-allow` names may be less than when the target was added.
        let url = match access.check(kind, self.gate()).and_then(|_| access.url(kind)) {
            Ok(url) => url,
            Err(error) => return Outcome::failed(error),
        };
        match format::body(kind, &access.secret, queued, EpochMillis::now()) {
            Body::Frames(bytes) => {
                let is_tls = url.scheme() == "tls";
                let port = url.port().unwrap_or(if is_tls { 6_514 } else { 514 });
                let tls = is_tls.then(|| self.outbound.tls.clone());
                syslog::send(self.gate(), host(&url), port, tls, &bytes).await
            }
            Body::Request { headers, bytes, path } => {
                let mut url = url;
                if url.path() == "/" {
                    url.set_path(path);
                }
                match self.outbound.client.post(url).headers(headers).body(bytes).send().await {
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

async fn rejected(response: Response) -> Result<u64, String> {
    let answer = whole(response, MAX_ANSWER).await?;
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(&answer) else { return Ok(0) };
    let Some(rejected) = answer.pointer("/partialSuccess/rejectedLogRecords") else { return Ok(0) };
    // Protocol Buffers' JSON has 64-bit numbers as text.
    Ok(rejected.as_u64().or_else(|| rejected.as_str()?.parse().ok()).unwrap_or(0))
}
