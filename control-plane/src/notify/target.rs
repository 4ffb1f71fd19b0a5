use std::fmt;

use reqwest::Url;
use serde::{Deserialize, Serialize};

use crate::{
    outbound::{Gate, host, may_reach},
    store::{StoreError, TargetKind},
};

const MAX_URL: usize = 2_048;
const MAX_SECRET: usize = 1_024;
/// An HMAC key shorter than this can be guessed from one message.
const LEAST_SECRET: usize = 16;

/// What opens a target. The address is as secret as the secret: that of a Slack channel is all that one needs to write to it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Access {
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) secret: String,
}

impl fmt::Debug for Access {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Access(…)")
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum BadTarget {
    #[error("{0}")]
    Url(String),
    #[error("{0}")]
    Secret(&'static str),
    #[error(
        "its secret cannot be opened: notify.key in the data folder is not the key it was sealed with; set url and secret again"
    )]
    Sealed,
    #[error(transparent)]
    Store(StoreError),
}

impl Access {
    /// Whether a target of this kind can be reached like this; what is shown of the address.
    pub(super) fn check(&self, kind: TargetKind, gate: &Gate) -> Result<String, BadTarget> {
        let url = self.url(kind)?;
        may_reach(&url, gate).map_err(BadTarget::Url)?;
        self.check_secret(kind)?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        Ok(format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default()))
    }

    pub(super) fn url(&self, kind: TargetKind) -> Result<Url, BadTarget> {
        let bad = |problem: &str| BadTarget::Url(problem.to_owned());
        if self.url.len() > MAX_URL {
            return Err(BadTarget::Url(format!("has at most {MAX_URL} characters")));
        }
        // The parser's error names no part of the address.
        let url = Url::parse(&self.url).map_err(|error| BadTarget::Url(format!("is no address: {error}")))?;
        match kind {
            TargetKind::Syslog if !matches!(url.scheme(), "tls" | "tcp") => {
                return Err(bad("is tls://HOST:6514 or tcp://HOST:514 for syslog"));
            }
            TargetKind::Syslog if !matches!(url.path(), "" | "/") || url.query().is_some() => {
                return Err(bad("has a host and a port and nothing behind them for syslog"));
            }
            TargetKind::Syslog => {}
            _ if !matches!(url.scheme(), "https" | "http") => return Err(bad("begins with https://")),
            _ => {}
        }
        if host(&url).is_empty() {
            return Err(bad("has no host"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
            return Err(bad("has no name, no password and no fragment in it"));
        }
        Ok(url)
    }

    fn check_secret(&self, kind: TargetKind) -> Result<(), BadTarget> {
        let secret = self.secret.as_str();
        if secret.len() > MAX_SECRET || !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadTarget::Secret("is of visible ASCII characters without spaces, 1,024 at most"));
        }
        match kind {
            TargetKind::Webhook if secret.len() < LEAST_SECRET => {
                Err(BadTarget::Secret("has at least 16 characters; without one, one is made"))
            }
            TargetKind::Splunk if secret.is_empty() => {
                Err(BadTarget::Secret("is the token of the HTTP Event Collector, and required"))
            }
            TargetKind::Slack | TargetKind::Syslog if !secret.is_empty() => {
                Err(BadTarget::Secret("has no meaning for this kind of target"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(kind: TargetKind, url: &str, secret: &str) -> Result<String, String> {
        let gate = Gate::new(vec!["127.9.0.0/16".parse().unwrap()]);
        let access = Access { url: url.to_owned(), secret: secret.to_owned() };
        access.check(kind, &gate).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_shown_of_an_address_has_no_secret_in_it() {
        let shown = checked(TargetKind::Slack, "https://hooks.slack.example/services/T0/B0/secret?x=1", "");
        assert_eq!(shown.unwrap(), "https://hooks.slack.example");
        assert_eq!(
            checked(TargetKind::Syslog, "tls://siem.example:6514", "").unwrap(),
            "tls://siem.example:6514"
        );
        assert_eq!(checked(TargetKind::Otlp, "http://127.9.0.1:4318", "").unwrap(), "http://127.9.0.1:4318");
    }

    #[test]
    fn addresses_that_could_not_work_or_should_not_are_refused() {
        let secret = "0123456789abcdef";
        for url in [
            "",
            "hooks.example",
            "ftp://hooks.example/",
            "https://",
            "https://name:word@hooks.example/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "http://hooks.example/",
            "http://1.1.1.1/",
            "https://h.example/#x",
        ] {
            assert!(checked(TargetKind::Webhook, url, secret).is_err(), "{url} was taken");
        }
        for url in [
            "https://siem.example",
            "udp://siem.example:514",
            "tcp://siem.example:514/x",
            "tcp://10.0.0.1:514",
        ] {
            assert!(checked(TargetKind::Syslog, url, "").is_err(), "{url} was taken");
        }
    }

    #[test]
    fn each_kind_has_the_secret_it_needs() {
        for (kind, secret) in [
            (TargetKind::Webhook, "short"),
            (TargetKind::Splunk, ""),
            (TargetKind::Slack, "0123456789abcdef"),
            (TargetKind::Otlp, "line\r\nfeed"),
        ] {
            assert!(checked(kind, "https://hooks.example/", secret).is_err(), "{kind:?} took {secret:?}");
        }
    }
}
