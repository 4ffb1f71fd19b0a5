use std::{path::Path, time::Duration};

use anyhow::{anyhow, bail};
use clap::{Args, Subcommand};

use super::{
    Output, duration, open,
    output::{date, date_or, json, jsonl, note, say},
};
use crate::{
    accounts::AccountId,
    api::KeyRow,
    auth::{self, BadKeyTerms, KeyTerms},
    clock::EpochMillis,
    store::{AccessStore, KeyRecord, Role},
};

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
    role: Role,
    /// Whose key it is, for the list and for the audit.
    #[arg(long, default_value = "unnamed")]
    name: String,
    /// How long it can be used: 30m, 24h, 90d. Without it: until it is revoked.
    #[arg(long, value_parser = duration)]
    ttl: Option<Duration>,
}

pub fn run(data_dir: &Path, account: Option<AccountId>, command: Keys) -> anyhow::Result<()> {
    let store = open(data_dir, account)?;
    match command {
        Keys::Create(CreateKey { role, name, ttl }) => {
            let terms = KeyTerms::new(&name, role, ttl).map_err(|bad| match bad {
                BadKeyTerms::Name => anyhow!("--name: {bad}"),
                BadKeyTerms::Lifetime => anyhow!("--ttl: {bad}"),
            })?;
            say(auth::create_key(&store, &auth::command_line("keys create"), terms)?.1.reveal())
        }
        Keys::List { output } => list(&store.keys()?, output),
        Keys::Revoke { id } => {
            if !store.revoke_key(&auth::command_line("keys revoke"), &id, EpochMillis::now())? {
                bail!("there is no key {id:?} in force; `control-plane keys list` shows the ids");
            }
            note("revoked");
            Ok(())
        }
    }
}

fn list(keys: &[KeyRecord], output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => json(keys.iter().map(KeyRow::from)),
        Output::Jsonl => jsonl(keys.iter().map(KeyRow::from)),
        Output::Table => {
            say(&format!(
                "{:<36}  {:<8}  {:<10}  {:<10}  {:<10}  {:<8}  NAME",
                "ID", "ROLE", "CREATED", "LAST USE", "ENDS", "STATE"
            ))?;
            let now = EpochMillis::now();
            keys.iter().try_for_each(|key| {
                say(&format!(
                    "{:<36}  {:<8}  {:<10}  {:<10}  {:<10}  {:<8}  {}",
                    key.id,
                    key.role.name(),
                    date(key.created_at),
                    date_or(key.last_used_at, "never"),
                    date_or(key.expires_at, "never"),
                    state(key, now),
                    key.name
                ))
            })
        }
    }
}

fn state(key: &KeyRecord, now: EpochMillis) -> &'static str {
    match key.revoked_at {
        Some(_) => "revoked",
        None if key.expires_at.is_some_and(|end| end <= now) => "over",
        None => "active",
    }
}
