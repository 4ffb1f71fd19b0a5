use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::output::when;

#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Everybody who may log in, or might again
    List,
    /// Let somebody log in; asks for the password, or takes a line of standard input
    Add {
        /// What they log in with
        name: String,
        #[arg(long, value_enum)]
        role: Role,
    },
    /// Give somebody another role, which counts at once
    Role {
        name: String,
        #[arg(value_enum)]
        role: Role,
    },
    /// Set a new password, asked for as with `add`; their sessions end
    Password { name: String },
    /// Let somebody in no more, and end their sessions
    Disable { name: String },
    /// Let somebody in again
    Enable { name: String },
    /// Forget somebody; what they did stays in the audit log
    #[command(alias = "rm")]
    Remove { name: String },
}

#[derive(Debug, Args)]
pub(crate) struct Sensors {
    #[command(subcommand)]
    pub(crate) verb: Option<SensorsVerb>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SensorsVerb {
    /// Shut a sensor out for good, at once; to come back it has to enrol anew
    Revoke {
        /// The id that `portctl sensors -o json` shows
        id: String,
    },
    /// Where sensors see or block less than they should, newest first
    Alerts {
        /// Those that are over, too
        #[arg(long)]
        closed: bool,
    },
    /// Close an alert: what the sensor does now is what it is meant to do
    Accept {
        /// The id that `portctl sensors alerts` shows
        id: u64,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// All keys without the keys themselves, oldest first, revoked ones too
    List,
    /// Make a key; it is printed this once
    Create {
        /// Whose key it is, for the list and the audit log
        #[arg(long)]
        name: String,
        #[arg(long, value_enum)]
        role: Role,
        /// How long it works: 12h, 90d; else until it is revoked
        #[arg(long, value_name = "DURATION", value_parser = when::parse_span)]
        ttl: Option<Duration>,
    },
    /// End a key at once, and the sessions opened with it
    Revoke {
        /// The id that `portctl keys list` shows
        id: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Looks
    Viewer,
    /// Moves events between states, blocks and unblocks
    Analyst,
    /// Everything
    Admin,
}

impl Role {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Audit {
    #[command(subcommand)]
    pub(crate) verb: Option<AuditVerb>,

    #[command(flatten)]
    pub(crate) filter: AuditFilter,

    /// At most so many entries
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditVerb {
    /// All entries that fit, as a file on standard output
    Export {
        #[arg(long, value_enum, default_value = "csv")]
        format: ExportFormat,
        #[command(flatten)]
        filter: AuditFilter,
    },
}

/// Several values of one filter mean «any of them»; several filters mean «all of them».
#[derive(Debug, Args)]
pub(crate) struct AuditFilter {
    /// Whose changes: a user's or key's name, or an id
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) who: Vec<String>,
    /// What was done: addBlock, logIn, …
    #[arg(long, value_name = "CALL", value_delimiter = ',')]
    pub(crate) action: Vec<String>,
    /// Text in what it was done to, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) object: Option<String>,
    /// Text anywhere in the entry, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// From this time on: a duration before now (30s, 15m, 4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) since: Option<i64>,
    /// Up to this time, as with --since
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) until: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// RFC 4180, with a head
    Csv,
    /// A JSON object a line
    Jsonl,
}

impl ExportFormat {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }
}
