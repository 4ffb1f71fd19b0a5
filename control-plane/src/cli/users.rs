use std::{
    io::{self, BufRead, IsTerminal, Read},
    path::Path,
};

use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};

use super::{
    Output, open,
    output::{date, date_or, json, jsonl, note, say},
};
use crate::{
    accounts::AccountId,
    api::UserRow,
    auth::{self, Password, user_name},
    clock::EpochMillis,
    store::{Role, SqliteStore, UserChange, UserRecord, UserStore},
};

/// Far longer than any password; enough to tell one from a file given by mistake.
const MAX_INPUT: u64 = 4_096;

#[derive(Debug, Subcommand)]
pub enum Users {
    /// Makes a user who logs in with a password, asked for at the terminal, else one line of standard input.
    Create(CreateUser),
    /// Lists users.
    List {
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Sets a new password, asked for as with `create`, and ends the user's sessions.
    Password {
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Lets a user log in again who was disabled.
    Enable {
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub struct CreateUser {
    /// What they log in with.
    #[arg(long, value_parser = user_name)]
    name: String,
    #[arg(long, value_enum)]
    role: Role,
}

pub fn run(data_dir: &Path, account: Option<AccountId>, command: Users) -> anyhow::Result<()> {
    let store = open(data_dir, account)?;
    match command {
        Users::Create(CreateUser { name, role }) => {
            if store.user(&name, EpochMillis::now())?.is_some() {
                bail!(
                    "there is a user {name:?} already; `control-plane users password {name}` sets a new password"
                );
            }
            let hash = ask(&name)?.hash()?;
            auth::create_user(&store, &auth::command_line("users create"), &name, role, hash)?;
            note(&format!("{name} may log in as {}", role.name()));
            Ok(())
        }
        Users::List { output } => list(&store.users(EpochMillis::now())?, output),
        Users::Password { name } => {
            known(&store, &name)?;
            let password = Some(ask(&name)?.hash()?);
            let change = UserChange { password, ..UserChange::default() };
            store.change_user(&auth::command_line("users password"), &name, change, EpochMillis::now())?;
            note(&format!("{name} has a new password, and no session any more"));
            Ok(())
        }
        Users::Enable { name } => {
            known(&store, &name)?;
            let change = UserChange { disabled: Some(false), ..UserChange::default() };
            store.change_user(&auth::command_line("users enable"), &name, change, EpochMillis::now())?;
            note(&format!("{name} may log in"));
            Ok(())
        }
    }
}

fn known(store: &SqliteStore, name: &str) -> anyhow::Result<()> {
    match store.user(name, EpochMillis::now())? {
        Some(_) => Ok(()),
        None => bail!("there is no user {name:?}; `control-plane users list` shows those there are"),
    }
}

/// Never an argument: every user of the machine reads those with `ps`.
fn ask(user: &str) -> anyhow::Result<Password> {
    let text = if io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password for {user}: ")).context("no password")?;
        let again = rpassword::prompt_password("Once more: ").context("no password")?;
        if first != again {
            bail!("these are two different passwords: nothing was changed");
        }
        first
    } else {
        let mut line = String::new();
        io::BufReader::new(io::stdin().take(MAX_INPUT))
            .read_line(&mut line)
            .context("no password on standard input")?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    Password::new(text, user).map_err(|problem| anyhow!("{problem}"))
}

fn list(users: &[UserRecord], output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => json(users.iter().map(UserRow::from)),
        Output::Jsonl => jsonl(users.iter().map(UserRow::from)),
        Output::Table => {
            say(&format!("{:<20}  {:<8}  {:<10}  {:<10}  STATE", "NAME", "ROLE", "CREATED", "LOGGED IN"))?;
            users.iter().try_for_each(|user| {
                say(&format!(
                    "{:<20}  {:<8}  {:<10}  {:<10}  {}",
                    user.name,
                    user.role.name(),
                    date(user.created_at),
                    date_or(user.last_log_in_at, "never"),
                    if user.disabled_at.is_some() { "disabled" } else { "active" },
                ))
            })
        }
    }
}
