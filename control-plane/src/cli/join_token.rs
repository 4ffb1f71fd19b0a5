use std::{path::Path, time::Duration};

use clap::Subcommand;

use super::{duration, open, output::say};
use crate::{
    auth,
    authority::Authority,
    fleet::{JoinTerms, create_join_token},
};

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
        /// The account whose events its sensors may write; the control plane's own where absent.
        #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
        account: String,
    },
}

/// The token itself, and after `@` what the sensor knows its control plane by.
pub fn run(data_dir: &Path, command: JoinToken) -> anyhow::Result<()> {
    let JoinToken::Create { ttl, uses, account } = command;
    let act = auth::command_line("join-token create");
    let store = open(data_dir)?;
    let fingerprint = Authority::open(data_dir)?.fingerprint();
    let token = create_join_token(&store, &act, JoinTerms { lifetime: ttl, uses, account_id: account })?;
    say(&format!("{}@{fingerprint}", token.reveal()))
}
