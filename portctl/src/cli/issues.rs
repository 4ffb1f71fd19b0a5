use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::output::when;

#[derive(Debug, Subcommand)]
pub(crate) enum Issues {
    /// Weaknesses, the gravest first
    List {
        #[command(flatten)]
        filter: IssueFilter,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// One weakness: what it is, what showed it, where else it is, what to do
    Show { id: String },
    /// Hear no more of these: by id, or all that a filter lists
    Ignore {
        #[command(flatten)]
        chosen: Chosen,
        /// Why
        #[arg(long = "as", value_enum, value_name = "REASON")]
        reason: IgnoreReason,
        /// For whoever reads it later
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
    },
    /// Ignore these no longer
    Open {
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Take another tool's findings; `-` is standard input
    Import {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What it holds; else told by its name: .sarif or .json is SARIF, .jsonl nuclei
        #[arg(long, value_enum)]
        format: Option<FindingFormat>,
        /// Change nothing, only say what there is in it
        #[arg(long)]
        dry_run: bool,
    },
}

/// Several values of one filter mean «any of them»; several filters mean «all of them».
#[derive(Debug, Args)]
pub(crate) struct IssueFilter {
    #[arg(long, value_name = "SEVERITY", value_delimiter = ',')]
    pub(crate) severity: Vec<String>,
    #[arg(long, value_name = "CATEGORY", value_delimiter = ',')]
    pub(crate) category: Vec<String>,
    /// The check's id, as in the list's CHECK
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) check: Vec<String>,
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
    /// A path template: '/users/{id}'
    #[arg(long, value_name = "TEMPLATE")]
    pub(crate) endpoint: Vec<String>,
    #[arg(long, value_enum)]
    pub(crate) status: Option<IssueStatus>,
    /// Text in name, check, host, endpoint or detail, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Found from this time on: a duration before now (4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) since: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct Chosen {
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: IssueFilter,
    /// Yes, all that the filter lists
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IssueStatus {
    Open,
    Fixed,
    Ignored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IgnoreReason {
    FalsePositive,
    AcceptableRisk,
    NoTimeToFix,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    /// SARIF 2.1.0
    Sarif,
    /// `nuclei -jsonl`
    Nuclei,
}
