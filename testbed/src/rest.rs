//! REST as a script uses it: a name, a JSON body, a JSON answer.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::blocking::Client;
use serde_json::Value;

/// A client of the control plane with an API key.
#[derive(Clone)]
pub struct Rest {
    client: Client,
    url: String,
    key: String,
}

impl Rest {
    pub fn new(url: String, key: String) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { client, url, key })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// `POST /api/<name>`; anything but success is an error that shows the answer.
    pub fn call(&self, name: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self
            .client
            .post(format!("{}/api/{name}", self.url))
            .header("x-api-key", &self.key)
            .json(body)
            .send()
            .with_context(|| format!("{name}: no answer"))?;
        let status = answer.status();
        let text = answer.text().with_context(|| format!("{name}: half an answer"))?;
        ensure!(status.is_success(), "{name} {body}: {status}: {text}");
        serde_json::from_str(&text).with_context(|| format!("{name}: no JSON: {text}"))
    }

    /// All events, newest first, that fit `filter`.
    pub fn events(&self, filter: &Value) -> anyhow::Result<Vec<Value>> {
        let mut body = serde_json::json!({ "limit": 1000, "sort": { "detectedAt": -1 } });
        if let (Some(body), Some(filter)) = (body.as_object_mut(), filter.as_object()) {
            body.extend(filter.clone());
        }
        let answer = self.call("fetchSuspectSampleData", &body)?;
        Ok(answer.get("maliciousEvents").and_then(Value::as_array).context("no maliciousEvents")?.clone())
    }

    /// The blocklist's entry for exactly this prefix.
    pub fn block(&self, cidr: &str) -> anyhow::Result<Option<Value>> {
        let answer = self.call("fetchBlocklist", &serde_json::json!({}))?;
        let blocks = answer.get("blocks").and_then(Value::as_array).context("no blocks")?;
        Ok(blocks.iter().find(|block| block.get("cidr").and_then(Value::as_str) == Some(cidr)).cloned())
    }
}
