use std::{net::IpAddr, process::Command};

use anyhow::{Context as _, bail};

use crate::{
    Namespace,
    network::{SERVER_V4, SERVER_V6},
};

/// What curl ends with when nobody answers in time.
const TIMED_OUT: i32 = 28;

/// One call by curl, from a client's address.
pub struct Curl {
    command: Command,
    base: String,
}

/// What the client got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Status(u16, String),
    /// Nothing came back, as when packets are dropped.
    TimedOut,
}

impl Curl {
    pub(super) fn new(clients: &Namespace, actor: IpAddr) -> Self {
        let mut command = clients.command("curl");
        command.args(["--silent", "--show-error", "--max-time", "2", "--write-out", "\n%{http_code}"]);
        command.args(["--interface", &actor.to_string(), "--header", "Host: shop.example"]);
        let base =
            if actor.is_ipv4() { format!("http://{SERVER_V4}") } else { format!("http://[{SERVER_V6}]") };
        Self { command, base }
    }

    /// More of curl's own arguments.
    pub fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn get(mut self, target: &str) -> anyhow::Result<Answer> {
        self.command.arg(format!("{}{target}", self.base));
        let output = self.command.output().context("cannot start curl")?;
        if output.status.code() == Some(TIMED_OUT) {
            return Ok(Answer::TimedOut);
        }
        if !output.status.success() {
            bail!("curl {target}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').context("curl said no status")?;
        Ok(Answer::Status(
            status.parse().with_context(|| format!("`{status}` is no status"))?,
            body.to_owned(),
        ))
    }
}

impl Answer {
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            Self::TimedOut => None,
        }
    }
}
