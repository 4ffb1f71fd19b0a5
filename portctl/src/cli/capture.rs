use clap::{Args, Subcommand, ValueEnum};
use ipnet::IpNet;

use super::parse_net;

#[derive(Debug, Subcommand)]
pub(crate) enum CaptureVerb {
    /// All rules; what none is for is looked at in full
    List,
    /// Look at some traffic so from now on, on every sensor. Of rules that fit the longest prefix counts, then whoever
    /// names a port
    Set {
        /// In full, at heads alone, or not at all
        #[arg(value_enum)]
        mode: CaptureMode,
        #[command(flatten)]
        matched: Matched,
        /// Why, for whoever reads the list later
        #[arg(long)]
        reason: Option<String>,
    },
    /// Take a rule away
    #[command(alias = "rm")]
    Remove {
        #[command(flatten)]
        matched: Matched,
    },
}

/// What a rule is for.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Matched {
    /// An address or prefix, the client's or the server's
    #[arg(long, value_name = "CIDR", value_parser = parse_net)]
    pub(crate) cidr: Option<IpNet>,
    /// The server's port
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaptureMode {
    Full,
    /// Heads, and of bodies no more than their length
    Headers,
    Off,
}

impl CaptureMode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Headers => "headers",
            Self::Off => "off",
        }
    }
}
