use std::{path::Path, time::Duration};

use clap::Subcommand;

use super::{duration, open, output::say};
use crate::{
    accounts::AccountId,
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
    },
}

/// The token itself, and after `@` what the sensor knows its control plane by.
pub fn run(data_dir: &Path, account: Option<AccountId>, command: JoinToken) -> anyhow::Result<()> {
    let JoinToken::Create { ttl, uses } = command;
    let act = auth::command_line("join-token create");
    let store = open(data_dir, account)?;
    let fingerprint = Authority::open(data_dir)?.fingerprint();
    let token = create_join_token(&store, &act, JoinTerms { lifetime: ttl, uses })?;
    say(&format!("{}@{fingerprint}", token.reveal()))
}
