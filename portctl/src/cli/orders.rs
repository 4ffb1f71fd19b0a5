use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use ipnet::IpNet;

use crate::output::when;

#[derive(Debug, Subcommand)]
pub(crate) enum Block {
    /// Drop packets from these addresses on every sensor (for 4h, unless said otherwise)
    Add {
        /// Addresses or prefixes: 203.0.113.7, 203.0.113.0/24, 2001:db8::/32
        #[arg(required = true, value_name = "CIDR", value_parser = parse_net)]
        cidrs: Vec<IpNet>,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        wait: Wait,
    },
    /// Block what a file lists: CSV (cidr, ttl, reason) or a JSON object a line; `-` is standard input
    Import {
        #[command(flatten)]
        import: ImportSource,
        #[command(flatten)]
        terms: Terms,
        #[command(flatten)]
        wait: Wait,
    },
    /// What is blocked, until when, by whom, and what it has dropped; newest first
    List {
        /// Text in prefix, reason or author, in any case
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only blocks that cover this address
        #[arg(long, value_name = "ADDRESS")]
        covers: Option<std::net::IpAddr>,
        /// At most so many; else all, and 1,000 in a table
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
    },
    /// Let these addresses pass again
    Rm {
        #[arg(required = true, value_name = "CIDR", value_parser = parse_net)]
        cidrs: Vec<IpNet>,
        #[command(flatten)]
        wait: Wait,
    },
}

/// For how long, and why.
#[derive(Clone, Debug, Args)]
pub(crate) struct Terms {
    /// How long: 30s, 15m, 4h, 7d
    #[arg(long, value_name = "DURATION", value_parser = when::parse_span)]
    pub(crate) ttl: Option<Duration>,
    /// Until it is removed
    #[arg(long, conflicts_with = "ttl")]
    pub(crate) permanent: bool,
    /// Why, for whoever reads the list later
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// Also what is hardly ever meant: your own address, a sensor's, very short prefixes
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Wait {
    /// Return when all live sensors have applied it, and say how long that took
    #[arg(long)]
    pub(crate) wait: bool,
    /// How long to wait for them, 50s at most
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = parse_patience, requires = "wait")]
    pub(crate) timeout: Duration,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportSource {
    /// The file, `-` for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// What it holds; else told by its name or its first character
    #[arg(long, value_enum)]
    pub(crate) format: Option<ImportFormat>,
    /// Change nothing, only say what is wrong with which line
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportFormat {
    /// cidr, then ttl and reason, which may be missing; a heading line may name them in another order
    Csv,
    /// {"cidr": …, "ttl": "4h", "reason": …}, and what `block list -o jsonl` prints
    Jsonl,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Allow {
    /// Never drop these from now on, also where a block is in force
    Add {
        #[arg(required = true, value_name = "CIDR", value_parser = parse_net)]
        cidrs: Vec<IpNet>,
        /// Why, for whoever reads the list later
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Allow what a file lists, as `block import` reads it
    Import {
        #[command(flatten)]
        import: ImportSource,
        #[arg(long)]
        reason: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
    /// Who is allowed, why and by whom
    List,
    /// Take these off the list: blocks of them count again at once
    #[command(alias = "rm")]
    Remove {
        #[arg(required = true, value_name = "CIDR", value_parser = parse_net)]
        cidrs: Vec<IpNet>,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Gate {
    /// Show the mode, or set it on every sensor (needs an administrator's key)
    Mode(GateVerb),
    /// Let policies block again where the limits of automatic blocks have tripped (needs an administrator's key)
    Arm {
        /// On this node alone
        #[arg(long, value_name = "NAME")]
        node: Option<String>,
        #[command(flatten)]
        wait: Wait,
    },
}

#[derive(Debug, Args)]
pub(crate) struct GateVerb {
    #[arg(value_enum)]
    pub(crate) mode: Option<GateMode>,
    #[command(flatten)]
    pub(crate) wait: Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GateMode {
    /// Drop what is blocked
    Enforce,
    /// Pass it, and count what would be dropped
    Monitor,
}

impl GateMode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
        }
    }
}

/// An address or a prefix without host bits: `203.0.113.7/24` could mean one address or 256.
pub(crate) fn parse_net(text: &str) -> Result<IpNet, String> {
    if let Ok(address) = text.parse::<std::net::IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let net: IpNet =
        text.parse().map_err(|_| "not an address or a prefix, such as 203.0.113.7 or 203.0.113.0/24")?;
    if net.trunc() == net {
        Ok(net)
    } else {
        Err(format!("an address or its network? write {} or {}", net.addr(), net.trunc()))
    }
}

fn parse_patience(text: &str) -> Result<Duration, String> {
    when::parse_span(text)
        .and_then(|span| if span.as_secs() <= 50 { Ok(span) } else { Err("is at most 50s".to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_an_address_or_a_prefix_without_host_bits() {
        assert_eq!(parse_net("203.0.113.7").unwrap().to_string(), "203.0.113.7/32");
        assert_eq!(parse_net("2001:db8::/32").unwrap().to_string(), "2001:db8::/32");
        let ambiguous = parse_net("203.0.113.7/24").unwrap_err();
        assert!(ambiguous.contains("203.0.113.7 or 203.0.113.0/24"), "{ambiguous}");
        assert!(parse_net("attacker.test").is_err());
        assert!(parse_net("203.0.113.0/33").is_err());
    }
}
