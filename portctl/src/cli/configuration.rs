use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};

use super::Wait;
use crate::output::when;

#[derive(Debug, Subcommand)]
pub(crate) enum Suppress {
    /// What is ignored, newest first
    List {
        /// The actor, as events name it
        #[arg(long, value_name = "ACTOR", value_delimiter = ',')]
        actor: Vec<String>,
        /// The policy's id
        #[arg(long, value_name = "ID", value_delimiter = ',')]
        policy: Vec<String>,
        #[arg(long, value_name = "HOST", value_delimiter = ',')]
        host: Vec<String>,
        /// Text in what it names, in reason or author, in any case
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Most often met first
        #[arg(long)]
        by_hits: bool,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
    /// Ignore a combination on every sensor, until it is lifted unless said otherwise; what is left out stands for any
    Add {
        #[arg(long, value_name = "ACTOR")]
        actor: Option<String>,
        #[arg(long, value_name = "ID")]
        policy: Option<String>,
        #[arg(long, value_name = "METHOD")]
        method: Option<String>,
        /// The exact path
        #[arg(long, value_name = "PATH")]
        url: Option<String>,
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        /// How long: 30m, 4h, 7d
        #[arg(long, value_name = "DURATION", value_parser = when::parse_span)]
        ttl: Option<Duration>,
        /// Why, for whoever finds it later
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Such events come again
    #[command(alias = "rm")]
    Lift {
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Another end, counted from now
    Extend {
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        end: End,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct End {
    /// How long: 30m, 4h, 7d
    #[arg(long, value_name = "DURATION", value_parser = when::parse_span)]
    pub(crate) ttl: Option<Duration>,
    /// Until it is lifted
    #[arg(long)]
    pub(crate) permanent: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Configuration {
    /// The threat configuration as JSON, as `set` takes it
    Get,
    /// Set it from a file, JSON or YAML; what the file leaves out stays (needs an administrator's key)
    Set {
        /// The file, `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Empty what the file leaves out
        #[arg(long)]
        replace: bool,
        #[command(flatten)]
        wait: Wait,
    },
}
