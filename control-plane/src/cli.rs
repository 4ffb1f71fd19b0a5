//! The command line: its arguments, and the commands that work on the data folder beside a running server.

pub mod accounts;
pub mod authority;
pub mod backup;
pub mod join_token;
pub mod keys;
mod oidc;
mod output;
pub mod users;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::bail;
use clap::{Parser, Subcommand, ValueEnum};
use ipnet::IpNet;

pub use self::output::{note, say};
use self::{
    accounts::Accounts,
    backup::{Backup, Restore},
    join_token::JoinToken,
    keys::Keys,
    oidc::Oidc,
    users::Users,
};
use crate::{
    accounts::AccountId,
    data_dir,
    store::{AccountStore as _, SqliteStore},
};

/// The audit log keeps itself for so long whatever is asked.
const LEAST_AUDIT: Duration = Duration::from_secs(30 * 86_400);

/// Keeps what sensors find, shows it, and tells every sensor whom to block.
///
/// Without a command: serves REST and the console on --http and sensors on --grpc until SIGINT or SIGTERM.
/// Exit codes: 0 ok, 1 failed, 64 bad usage.
#[derive(Debug, Parser)]
#[command(name = "control-plane", version, args_conflicts_with_subcommands = false)]
pub struct Cli {
    /// Folder for everything that is kept; made with mode 0700 where it is missing.
    #[arg(long, global = true, value_name = "DIR", env = "PORTCULLIS_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Which account a command works on; the operator's where absent.
    #[arg(long, global = true, value_name = "ID")]
    pub account: Option<AccountId>,

    /// Where REST and the console listen, in plaintext.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    pub http: SocketAddr,

    /// Where sensors connect: over TLS, and on loopback also in plaintext.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)))]
    pub grpc: SocketAddr,

    /// What the operator's account is called.
    #[arg(long, value_name = "ID", default_value = "1000000")]
    pub account_id: String,

    /// Proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or prefixes.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub trusted_proxy: Vec<IpNet>,

    /// How long the audit log is kept: at least 30d.
    #[arg(long, value_name = "TIME", default_value = "400d", value_parser = audit_retention)]
    pub audit_retention: Duration,

    /// Do not write days of events to files before they are dropped for their age.
    #[arg(long)]
    pub drop_without_export: bool,

    /// How much of the disk events leave free, so that people still log in, look and block when it is full: 64M, 2G.
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = size)]
    pub keep_free: u64,

    /// Networks where notifications and tickets may go although they are not public: addresses or prefixes.
    #[arg(long, value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub notify_allow: Vec<IpNet>,

    /// Certificates (PEM) that notifications and tickets over TLS trust besides the system's.
    #[arg(long, value_name = "FILE")]
    pub notify_ca: Option<PathBuf>,

    /// How long a sensor's certificate is good for; it renews it after two thirds of that.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    pub certificate_lifetime: Duration,

    /// A country or city database in MaxMind's DB format, asked instead of the registries' lists that are part of this
    /// program; taken up anew when the file changes.
    #[arg(long, value_name = "FILE")]
    pub country_db: Option<PathBuf>,

    #[command(flatten)]
    pub oidc: Oidc,

    /// What goes to standard error: error, warn, info, debug, trace, or per module as in `info,control_plane=debug`.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info", env = "PORTCULLIS_LOG")]
    pub log: String,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// People who log in with name and password; the first one is made here.
    #[command(subcommand)]
    Users(Users),
    /// Accounts besides the operator's, whose data is apart.
    #[command(subcommand)]
    Accounts(Accounts),
    /// API keys for programs.
    #[command(subcommand)]
    Keys(Keys),
    /// Tokens with which sensors enrol.
    #[command(subcommand)]
    JoinToken(JoinToken),
    /// Prints what sensors know this control plane's certificate authority by.
    Authority,
    /// Writes everything that is kept into one archive, beside a running server.
    Backup(Backup),
    /// Puts such an archive into a new data folder.
    Restore(Restore),
    /// Prints the OpenAPI 3.1 document of the REST calls, which a running server has at /api/openapi.json.
    Openapi,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Output {
    Table,
    Json,
    Jsonl,
}

/// SQLite lets several processes in: a running server sees the change with its next request.
fn open(data_dir: &Path, account: Option<AccountId>) -> anyhow::Result<SqliteStore> {
    data_dir::prepare(data_dir)?;
    let own = SqliteStore::open(data_dir)?;
    let Some(id) = account else { return Ok(own) };
    if !own.accounts()?.iter().any(|one| one.id == id && one.removed_at.is_none()) {
        bail!(
            "there is no account {id}; `control-plane accounts list` shows those there are, and without --account it is the operator's"
        );
    }
    Ok(SqliteStore::open_for(&crate::accounts::prepare(data_dir, &id)?, Some(id))?)
}

fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse().map(|address: std::net::IpAddr| IpNet::from(address));
    text.parse().or_else(|_| address()).map_err(|_| format!("{text:?} is no address and no prefix"))
}

fn audit_retention(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        short if short < LEAST_AUDIT => Err("is at least 30d".to_owned()),
        long => Ok(long),
    }
}

/// A whole number, in bytes or with a binary unit.
fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.strip_suffix(['K', 'M', 'G', 'T']) {
        Some(digits) => (digits, text.get(digits.len()..).unwrap_or_default()),
        None => (text, ""),
    };
    let shift = match unit {
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => 0,
    };
    let bytes = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(1 << shift));
    bytes.ok_or_else(|| format!("{text:?} is no size such as 500000000, 64M or 2G"))
}

/// A whole number with a unit.
fn duration(text: &str) -> Result<Duration, String> {
    let problem = || format!("{text:?} is no time span such as 45s, 30m, 24h or 7d");
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let unit: u64 = match text.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err(problem()),
    };
    let seconds = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit)).ok_or_else(problem)?;
    if seconds == 0 {
        return Err("has to be longer than nothing".to_owned());
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_bytes_or_has_a_binary_unit() {
        assert_eq!(size("64M"), Ok(64 << 20));
        assert_eq!(size("0"), Ok(0));
        for bad in ["", "M", "-1", "1MB", "1.5G", "99999999999T"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_span_needs_a_number_and_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        for bad in ["", "h", "24", "0s", "-1h", "1w", "99999999999999999999d", "1h30m"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
