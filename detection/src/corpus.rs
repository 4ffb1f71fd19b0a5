//! One line of a labelled corpus, for measuring: `{id, label, class, tier, request{…}, response{…}|null}`.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis_exchange::{Body, Exchange, Headers, Request, Response, TaggedExchange, Timestamp};
use serde::Deserialize;

/// A request that somebody called an attack or benign.
#[derive(Clone, Debug)]
pub struct Labelled {
    pub id: String,
    pub label: Label,
    pub source: String,
    pub class: String,
    pub tier: String,
    /// Whether the response shows that the attack worked, where the corpus says.
    pub exploit_success: Option<bool>,
    pub exchange: Arc<TaggedExchange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    Attack,
    Benign,
}

/// Why a line is no line of a corpus.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    #[error("not the corpus schema")]
    Schema(#[from] serde_json::Error),
    #[error("{field}: not base64")]
    Base64 { field: &'static str, source: base64::DecodeError },
}

#[derive(Deserialize)]
struct Line {
    id: String,
    label: Label,
    #[serde(default)]
    source: String,
    class: String,
    #[serde(default)]
    tier: String,
    request: LineRequest,
    #[serde(default)]
    response: Option<LineResponse>,
    #[serde(default)]
    exploit_success: Option<bool>,
}

#[derive(Deserialize)]
struct LineRequest {
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body_base64: String,
}

#[derive(Deserialize)]
struct LineResponse {
    status: u16,
    headers: BTreeMap<String, String>,
    body_base64: String,
}

impl Labelled {
    pub fn parse(line: &str) -> Result<Self, CorpusError> {
        let line: Line = serde_json::from_str(line)?;
        let body = |text: &str, field| {
            STANDARD.decode(text).map(Body::plain).map_err(|source| CorpusError::Base64 { field, source })
        };
        let request = Request {
            body: body(&line.request.body_base64, "request.body_base64")?,
            method: line.request.method,
            target: line.request.path.into_bytes(),
            headers: Headers::from_pairs(&line.request.headers),
            trailers: Headers::default(),
        };
        let response = match line.response {
            Some(response) => Some(Response {
                status: response.status,
                reason: Vec::new(),
                headers: Headers::from_pairs(&response.headers),
                body: body(&response.body_base64, "response.body_base64")?,
                trailers: Headers::default(),
            }),
            None => None,
        };
        let exchange = Exchange {
            request: Some(request),
            response,
            ..Exchange::at(Timestamp::default(), ([203, 0, 113, 7], 40_000), ([192, 0, 2, 1], 80))
        };
        Ok(Self {
            id: line.id,
            label: line.label,
            source: line.source,
            class: line.class,
            tier: line.tier,
            exploit_success: line.exploit_success,
            exchange: Arc::new(TaggedExchange::untagged(exchange)),
        })
    }
}
