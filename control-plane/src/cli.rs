use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::store::Role;

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

    /// Where REST and the console listen, in plaintext.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    pub http: SocketAddr,

    /// Where sensors connect, in plaintext.
    #[arg(long, value_name = "ADDR", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)))]
    pub grpc: SocketAddr,

    /// The account that events belong to where a sensor names none.
    #[arg(long, value_name = "ID", default_value = "1000000")]
    pub account_id: String,

    /// What goes to standard error: error, warn, info, debug, trace, or per module as in `info,control_plane=debug`.
    #[arg(long, global = true, value_name = "LEVEL", default_value = "info", env = "PORTCULLIS_LOG")]
    pub log: String,

    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// API keys for people and programs.
    #[command(subcommand)]
    Keys(Keys),
    /// Tokens with which sensors enrol.
    #[command(subcommand)]
    JoinToken(JoinToken),
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Makes a key and prints it alone on standard output. It is shown this once.
    Create(CreateKey),
    /// Lists keys, without their secrets.
    List {
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Ends a key and the sessions opened with it.
    Revoke {
        /// The id that `keys list` shows.
        id: String,
    },
}

#[derive(Debug, Args)]
pub struct CreateKey {
    #[arg(long, value_enum)]
    pub role: Role,
    /// Whose key it is, for the list and for the audit.
    #[arg(long, default_value = "unnamed")]
    pub name: String,
}

#[derive(Debug, Subcommand)]
pub enum JoinToken {
    /// Makes a token and prints it alone on standard output. It is shown this once.
    Create {
        /// How long it can be used: 30m, 24h, 7d.
        #[arg(long, default_value = "24h", value_parser = duration)]
        ttl: Duration,
        /// How many sensors may enrol with it.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Output {
    Table,
    Json,
    Jsonl,
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
    fn a_time_span_needs_a_number_and_a_unit() {
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        for bad in ["", "h", "24", "0s", "-1h", "1w", "99999999999999999999d", "1h30m"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
