use std::{path::Path, time::Duration};

use clap::Subcommand;

use super::{duration, open, output::say};
use crate::{auth, fleet::create_join_token};

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

pub fn run(data_dir: &Path, command: JoinToken) -> anyhow::Result<()> {
    let JoinToken::Create { ttl, uses } = command;
    let act = auth::command_line("join-token create");
    say(create_join_token(&open(data_dir)?, &act, ttl, uses)?.reveal())
}
