//! The verbs and their arguments: the same words as in REST and the console.

mod accounts;
mod capture;
mod configuration;
mod events;
mod issues;
mod notify;
mod orders;
mod people;
mod policy;
mod tickets;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use self::accounts::Accounts;
pub(crate) use self::capture::{CaptureVerb, Matched};
pub(crate) use self::configuration::{Configuration, Suppress};
pub(crate) use self::events::{Actors, ActorsVerb, Apis, EventFilter, EventVerb, Events, Selection, Status};
pub(crate) use self::issues::{Chosen, FindingFormat, IssueFilter, Issues};
pub(crate) use self::notify::{Access, Notify, TargetFilter};
pub(crate) use self::orders::{
    Allow, Block, Gate, GateVerb, ImportFormat, ImportSource, Terms, Wait, parse_net,
};
pub(crate) use self::people::{
    Audit, AuditFilter, AuditVerb, ExportFormat, Keys, Sensors, SensorsVerb, Users,
};
pub(crate) use self::policy::{Explain, PolicyMode, PolicyVerb, Replay};
pub(crate) use self::tickets::{Create, CreateTerms, Of, Tickets, TrackerArgs, TrackerKind};
use crate::output::{Format, when};

#[derive(Debug, Parser)]
#[command(
    version,
    about = "See and handle threats: the command line client of the Portcullis control plane",
    after_help = "The API key comes from PORTCTL_API_KEY or --api-key-file; make one with\n  \
        control-plane keys create --data-dir DIR --role analyst\n\n\
        Data goes to standard output, notes to standard error.\n\
        Exit codes: 0 done, 1 failed, 2 partly done, 64 bad usage or configuration."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) connection: Connection,

    /// How data is written
    #[arg(short, long, global = true, value_enum, default_value = "table", value_name = "FORMAT")]
    pub(crate) output: Format,

    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// The control plane's address
    #[arg(
        long,
        global = true,
        env = "PORTCTL_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub(crate) server: String,

    /// A file that holds the API key, `-` for standard input (else PORTCTL_API_KEY)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,

    /// Known only to be refused with the reason; see `client::key`.
    #[arg(long, global = true, hide = true, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) api_key: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List threat events, newest first, follow new ones, show one, move them to another status, delete them
    Events(Box<Events>),
    /// Who attacks, the last seen first; what one of them did
    Actors(Actors),
    /// Endpoints under attack, the last attacked first
    Apis(Apis),
    /// Block addresses on every sensor, list blocks, lift them
    #[command(subcommand)]
    Block(Block),
    /// Never drop these, whatever is blocked: on every sensor, at once
    #[command(subcommand)]
    Allow(Allow),
    /// Whether gates drop what is blocked, or only count it; and whether policies may block
    #[command(subcommand)]
    Gate(Gate),
    /// How much of which traffic sensors look at: list the rules, set one, remove one
    #[command(subcommand)]
    Capture(CaptureVerb),
    /// Policies: save them for every sensor, list them, go back to earlier ones; check, test, explain and replay them here
    #[command(subcommand, alias = "policies")]
    Policy(PolicyVerb),
    /// What is ignored: list it, add to it, lift it, give it another end
    #[command(subcommand, alias = "suppressions")]
    Suppress(Suppress),
    /// What holds for all sensors: trusted proxies, identities, rate limits, retention, redaction
    #[command(subcommand)]
    Config(Configuration),
    /// Weaknesses of the APIs themselves: list them, show one, ignore some, take other tools' findings
    #[command(subcommand)]
    Issues(Issues),
    /// Tickets in Jira and Azure Boards for events and issues: make them, list them, link those there are; the trackers
    #[command(subcommand)]
    Tickets(Tickets),
    /// The endpoints that sensors learned from traffic, the last seen first
    Inventory(Inventory),
    /// Every sensor: how it captures and enforces, what it has applied, what share it saw and what it lost
    Sensors(Sensors),
    /// Who logs in with name and password, and what they may do
    #[command(subcommand)]
    Users(Users),
    /// API keys: list them, make one, revoke one
    #[command(subcommand)]
    Keys(Keys),
    /// Accounts besides the operator's, whose data is apart: list, add, remove; which overlay networks are theirs
    #[command(subcommand)]
    Accounts(Accounts),
    /// Who changed what, when and from where, newest first; or all of it as a file
    Audit(Audit),
    /// Everything that the control plane keeps, as one file; a key of an admin may
    Backup(Backup),
    /// Other systems that are told of new events: list, add, modify, remove and test them, and what became of it
    #[command(subcommand)]
    Notify(Notify),
    /// Writes what a shell needs to complete these words, to standard output
    Completion {
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Check this node and the control plane, and name the fix for each missing thing
    Doctor(Doctor),
}

/// Several values of one filter mean «any of them»; several filters mean «all of them».
#[derive(Debug, Args)]
pub(crate) struct Inventory {
    /// The request's host
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
    #[arg(long, value_name = "METHOD", value_delimiter = ',')]
    pub(crate) method: Vec<String>,
    /// Text in host or template, in any case
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// Seen from this time on: a duration before now (30s, 15m, 4h, 7d) or a time (2026-11-22T00:00:00Z)
    #[arg(long, value_name = "WHEN", value_parser = when::parse_since)]
    pub(crate) since: Option<i64>,
    /// At most so many endpoints
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The archive (tar in zstd) to make, for its owner alone; it must not be there yet. It opens whatever the control
    /// plane's data folder opens: keep it as safe
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// How the sensor is to capture here: decides which checks are needed and which only advise
    #[arg(long, value_enum, default_value = "ebpf")]
    pub(crate) capture: Capture,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Capture {
    /// In the kernel, blocking by XDP
    Ebpf,
    /// By libpcap, blocking by nftables
    Pcap,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
