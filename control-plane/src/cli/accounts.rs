use std::path::Path;

use anyhow::bail;
use clap::Subcommand;

use super::{
    Output, open,
    output::{date, json, jsonl, note, say},
};
use crate::{
    accounts::{self, AccountId, VniMapping},
    api::AccountRow,
    auth::{self, KeyTerms},
    clock::EpochMillis,
    data_dir::{DataDir, DataDirError},
    store::{AccountRecord, AccountStore as _, Role, SqliteStore},
};

#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// Makes an account and prints its first key, an admin's, alone on standard output. It is shown this once.
    Create {
        /// 1 to 32 lower-case letters, digits and hyphens.
        id: AccountId,
        /// Whose it is, for the list.
        #[arg(long, default_value = "")]
        name: String,
    },
    /// Lists accounts besides the operator's.
    List {
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Ends an account with all that it has: events, users, keys, sensors, audit log. Nothing brings it back.
    Remove {
        id: AccountId,
        /// That all of it is to be deleted.
        #[arg(long, required = true)]
        delete_data: bool,
    },
}

pub fn run(data_dir: &Path, command: Accounts) -> anyhow::Result<()> {
    let store = open(data_dir, None)?;
    match command {
        Accounts::Create { id, name } => {
            accounts::create(&store, &auth::command_line("accounts create"), &id, &name)?;
            let theirs = SqliteStore::open_for(&accounts::prepare(data_dir, &id)?, Some(id))?;
            let terms = KeyTerms { name: "first".to_owned(), role: Role::Admin, expires_at: None };
            say(auth::create_key(&theirs, &auth::command_line("accounts create"), terms)?.1.reveal())
        }
        Accounts::List { output } => list(&store.accounts()?, output),
        Accounts::Remove { id, delete_data: _ } => {
            let mapping = store.vni_mapping()?.unwrap_or_default();
            if VniMapping::parse(&mapping, |_| true).is_ok_and(|mapping| mapping.names(&id)) {
                bail!("VNIs belong to {id}: take them out of the mapping first (`portctl accounts vni`)");
            }
            if !store.remove_account(&auth::command_line("accounts remove"), &id, EpochMillis::now())? {
                bail!("there is no account {id}; `control-plane accounts list` shows those there are");
            }
            match DataDir::lock(data_dir) {
                Ok(_alone) => {
                    accounts::erase(data_dir, &id)?;
                    store.forget_account(&id)?;
                    note("removed, and its data deleted");
                    Ok(())
                }
                Err(DataDirError::Locked { .. }) => {
                    note(
                        "removed; the control plane that is running closes it and deletes its data within seconds",
                    );
                    Ok(())
                }
                Err(error) => Err(error.into()),
            }
        }
    }
}

fn list(accounts: &[AccountRecord], output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => json(accounts.iter().map(AccountRow::from)),
        Output::Jsonl => jsonl(accounts.iter().map(AccountRow::from)),
        Output::Table => {
            say(&format!("{:<32}  {:<10}  {:<8}  NAME", "ID", "CREATED", "STATE"))?;
            accounts.iter().try_for_each(|account| {
                let state = if account.removed_at.is_some() { "removed" } else { "active" };
                say(&format!(
                    "{:<32}  {:<10}  {state:<8}  {}",
                    account.id,
                    date(account.created_at),
                    account.name
                ))
            })
        }
    }
}
