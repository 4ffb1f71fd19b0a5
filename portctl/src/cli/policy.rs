use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Wait;
use crate::output::when;

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Read policies and say what is wrong with them, with file, line and column
    Lint {
        /// Files, or folders with *.yaml and *.yml
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Run policies against their own examples
    Test {
        /// Files, or folders with *.yaml and *.yml; the built-in policies where none is given
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Instead: what one policy would find among the control plane's stored events, from this time on
        #[arg(long, value_name = "WHEN", value_parser = when::parse_since, requires = "paths")]
        since: Option<i64>,
        /// Instead: what one policy would find in an exchange, `orig` as JSON in a file, `-` for standard input
        #[arg(long, value_name = "FILE", requires = "paths", conflicts_with = "since")]
        sample: Option<PathBuf>,
    },
    /// Every policy that the control plane has, in force or not
    List,
    /// A policy's text as it counts now
    Show {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Save a policy at the control plane: in force on every sensor at once (needs an administrator's key)
    Save {
        /// The file, `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        wait: Wait,
    },
    /// Put a policy out of force; one of your own is gone then, a built-in one can be restored
    Delete(Named),
    /// Put a built-in policy in force as it came
    Restore(Named),
    /// Whether a policy only detects, or blocks too
    Mode {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_enum)]
        mode: PolicyMode,
        #[command(flatten)]
        wait: Wait,
    },
    /// What became of a policy, newest first
    Versions {
        #[arg(value_name = "ID")]
        id: String,
    },
    /// Save an earlier version again
    Rollback {
        #[arg(value_name = "ID")]
        id: String,
        #[arg(value_name = "VERSION")]
        version: u64,
        #[command(flatten)]
        wait: Wait,
    },
    /// Say step by step why policies match a request or not
    Explain(Explain),
    /// Run changed policies over stored events or captured traffic: what would be new, what would vanish
    Replay(Replay),
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PolicyMode {
    Detect,
    Block,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A file, `-` for standard input, or the text itself: `GET /path`, a raw HTTP request, perhaps with its response
    /// behind it, or a curl command
    #[arg(value_name = "REQUEST")]
    pub(crate) request: String,
    /// Files or folders with the policies to explain; the built-in ones where none is given
    #[arg(long, value_name = "PATH")]
    pub(crate) policies: Vec<PathBuf>,
    /// Only this policy; repeatable. Without it, those that match are explained in full
    #[arg(long, value_name = "ID")]
    pub(crate) policy: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The changed policies: a file, or a folder with *.yaml and *.yml
    #[arg(long, value_name = "PATH")]
    pub(crate) policies: PathBuf,
    /// What they are compared with; the built-in policies where absent
    #[arg(long, value_name = "PATH")]
    pub(crate) against: Option<PathBuf>,
    /// Capture files to run over, read by `sensor replay`; the control plane's stored events where none is given
    #[arg(value_name = "CAPTURE")]
    pub(crate) captures: Vec<PathBuf>,
    /// Stored events from this time on: a duration before now (30s, 15m, 4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since, conflicts_with = "captures")]
    pub(crate) since: Option<i64>,
    /// At most so many stored events, newest first
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    /// The `sensor` program, for capture files; else the one beside portctl, else the one in PATH
    #[arg(long, value_name = "FILE", env = "PORTCTL_SENSOR")]
    pub(crate) sensor: Option<PathBuf>,
}
