use clap::{Args, Subcommand, ValueEnum};

use crate::output::when;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) verb: Option<EventVerb>,

    #[command(flatten)]
    pub(crate) filter: EventFilter,

    /// At most so many events: 50, or without end with --follow
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: Option<u32>,

    /// Write new events as they come, the oldest first, until interrupted
    #[arg(long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventVerb {
    /// One event: its request and response with the matched places
    Show {
        /// The event's id, as `portctl events` prints it
        id: String,
        /// Print bodies whole, not only the part around the first match
        #[arg(long)]
        full: bool,
    },
    /// Move events to UNDER_REVIEW
    Review(Selection),
    /// Move events to IGNORED: their actor, endpoint and policy raise no event any more
    Ignore {
        #[command(flatten)]
        events: Selection,
        /// Why, for whoever finds the suppression later
        #[arg(long)]
        reason: Option<String>,
    },
    /// Move events back to ACTIVE, which lifts what ignoring them suppressed
    Activate(Selection),
    /// Delete events for good
    Delete(Selection),
}

/// Which events to change: these ids, or exactly those that `portctl events` lists with the same filter.
#[derive(Debug, Args)]
pub(crate) struct Selection {
    /// Event ids, as `portctl events` prints them
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    #[command(flatten)]
    pub(crate) filter: EventFilter,
    /// Change what a filter selects; without this it is only counted
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Several values of one filter mean «any of them»; several filters mean «all of them».
#[derive(Debug, Default, Args)]
pub(crate) struct EventFilter {
    /// The actor's address
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) actor: Vec<String>,
    /// The exact path
    #[arg(long, value_name = "PATH")]
    pub(crate) url: Vec<String>,
    /// The request's host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
    /// The request's method
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    pub(crate) method: Vec<String>,
    #[arg(long, value_enum, value_delimiter = ',', ignore_case = true)]
    pub(crate) severity: Vec<Severity>,
    /// The policy's id
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) policy: Vec<String>,
    /// The policy's subcategory
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) sub_category: Vec<String>,
    /// By a rule, or for leaving the usual range
    #[arg(long = "type", value_enum, value_delimiter = ',', ignore_case = true)]
    pub(crate) kind: Vec<Kind>,
    /// The API collection's number
    #[arg(long, value_name = "NUMBER", value_delimiter = ',')]
    pub(crate) collection: Vec<i64>,
    /// The sensor's id, as `portctl sensors` prints it
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) sensor: Vec<String>,
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) status: Option<Status>,
    /// Only attacks whose response shows that they succeeded
    #[arg(long)]
    pub(crate) successful: bool,
    /// Text in policy id, host, actor or path, in any case
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
pub(crate) enum Severity {
    Critical,
    High,
    Medium,
    Low,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    RuleBased,
    Anomaly,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::RuleBased => "Rule-Based",
            Self::Anomaly => "Anomaly",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Status {
    Active,
    #[value(alias = "under_review")]
    UnderReview,
    Ignored,
}

impl Status {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::UnderReview => "UNDER_REVIEW",
            Self::Ignored => "IGNORED",
        }
    }
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Actors {
    #[command(subcommand)]
    pub(crate) verb: Option<ActorsVerb>,

    /// The actor's address
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) actor: Vec<String>,
    /// The policy of their latest event
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) policy: Vec<String>,
    /// The host of their latest event
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
    /// As two letters (ISO 3166-1)
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub(crate) country: Vec<String>,
    /// From this time on: a duration before now (30s, 15m, 4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) since: Option<i64>,
    /// Up to this time, as with --since
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) until: Option<i64>,
    /// At most so many actors
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ActorsVerb {
    /// What one actor did, newest first
    Show {
        /// The actor's address
        actor: String,
        /// At most so many events
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Apis {
    /// The policy that found something there
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) policy: Vec<String>,
    /// From this time on: a duration before now (30s, 15m, 4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) since: Option<i64>,
    /// Up to this time, as with --since
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) until: Option<i64>,
    /// What comes first
    #[arg(long, value_enum, default_value = "last")]
    pub(crate) sort: ApiSort,
    /// At most so many endpoints
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ApiSort {
    /// The last attacked
    Last,
    /// With the most malicious requests
    Requests,
    /// With the most actors
    Actors,
}

impl ApiSort {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Last => "discoveredAt",
            Self::Requests => "requestsCount",
            Self::Actors => "actorsCount",
        }
    }
}
