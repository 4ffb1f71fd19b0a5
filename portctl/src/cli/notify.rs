use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::events::Severity;

#[derive(Debug, Subcommand)]
pub(crate) enum Notify {
    /// All targets, what waits for each and how sending goes
    List,
    /// Tell another system of new events
    Add {
        /// What the target is called from here on
        name: String,
        #[arg(long, value_enum)]
        kind: TargetKind,
        #[command(flatten)]
        access: Access,
        #[command(flatten)]
        filter: TargetFilter,
    },
    /// Change what is given and leave the rest; a new address needs its secret, too
    Modify {
        name: String,
        #[command(flatten)]
        access: Access,
        #[command(flatten)]
        filter: TargetFilter,
        /// Send again
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        /// Send no more; what waits goes on waiting
        #[arg(long)]
        disable: bool,
    },
    /// Forget a target, what waits for it and its log
    #[command(alias = "rm")]
    Remove { name: String },
    /// Send an event that never was to a target, and say what came of it
    Test { name: String },
    /// What became of notifications, newest first
    Log {
        /// Of this target; else of all
        name: Option<String>,
        /// At most so many attempts
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000))]
        limit: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Where: https://…, for syslog tls://HOST:6514 or tcp://HOST:514
    #[arg(long, value_name = "URL", conflicts_with = "url_file")]
    pub(crate) url: Option<String>,
    /// A file with the address, `-` for standard input: for addresses that are a secret themselves, as those of Slack are
    #[arg(long, value_name = "FILE")]
    pub(crate) url_file: Option<PathBuf>,
    /// A file with the secret or token, `-` for standard input; without one a webhook gets one, printed this once
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
}

/// Which events; what is absent is any.
#[derive(Debug, Args)]
pub(crate) struct TargetFilter {
    #[arg(long, value_enum, value_delimiter = ',', ignore_case = true)]
    pub(crate) severity: Option<Vec<Severity>>,
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) category: Option<Vec<String>>,
    /// The policy's id
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) policy: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetKind {
    /// Signed JSON over HTTPS
    Webhook,
    /// An incoming webhook of Slack, Mattermost or Rocket.Chat
    Slack,
    /// CEF in syslog messages over TCP or TLS
    Syslog,
    /// Splunk's HTTP Event Collector
    Splunk,
    /// OpenTelemetry logs, OTLP/HTTP
    Otlp,
}

impl TargetKind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Syslog => "syslog",
            Self::Splunk => "splunk",
            Self::Otlp => "otlp",
        }
    }
}
