//! The binary `control-plane`: reads its command line and runs what the library has.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Parser, error::ErrorKind};
use control_plane::{
    Config, Server,
    auth::create_key,
    cli::{Cli, Command, CreateKey, JoinToken, Keys, Output},
    clock::EpochMillis,
    data_dir,
    fleet::create_join_token,
    store::{AccessStore, KeyRecord, SqliteStore},
};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

/// sysexits.h: the command line or the configuration is wrong.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            // Nowhere to say it where the terminal is gone.
            let _unsaid = error.print();
            return if asked { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let Some(data_dir) = cli.data_dir.clone() else {
        return usage("--data-dir DIR is missing: where the control plane keeps everything");
    };
    let Ok(filter) = tracing_subscriber::EnvFilter::try_new(&cli.log) else {
        return usage(
            "--log: is none of error, warn, info, debug, trace, nor directives such as info,control_plane=debug",
        );
    };
    let ansi = io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(ansi).with_env_filter(filter).init();
    let outcome = match cli.command {
        None => serve(Config { data_dir, http: cli.http, grpc: cli.grpc, account_id: cli.account_id }),
        Some(Command::Keys(command)) => keys(&data_dir, command),
        Some(Command::JoinToken(command)) => join_token(&data_dir, command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("control-plane: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime does not start")?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
        let server = Server::start(config).await?;
        if let Some(key) = &server.first_key {
            say(&format!("API key (shown once): {}", key.reveal()))?;
        }
        note(&format!(
            "control-plane: console and REST on http://{}, sensors on http://{}",
            server.http, server.grpc
        ));
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("shutting down");
        server.shut_down().await;
        Ok(())
    })
}

fn keys(data_dir: &Path, command: Keys) -> anyhow::Result<()> {
    let store = open(data_dir)?;
    match command {
        Keys::Create(CreateKey { role, name }) => say(create_key(&store, &name, role)?.reveal()),
        Keys::List { output } => list_keys(&store.keys()?, output),
        Keys::Revoke { id } => {
            if !store.revoke_key(&id, EpochMillis::now())? {
                bail!("there is no key {id:?} in force; `control-plane keys list` shows the ids");
            }
            note("revoked");
            Ok(())
        }
    }
}

fn join_token(data_dir: &Path, command: JoinToken) -> anyhow::Result<()> {
    let JoinToken::Create { ttl, uses } = command;
    say(create_join_token(&open(data_dir)?, ttl, uses)?.reveal())
}

/// SQLite lets several processes in: a running server sees the change with its next request.
fn open(data_dir: &Path) -> anyhow::Result<SqliteStore> {
    data_dir::prepare(data_dir)?;
    Ok(SqliteStore::open(data_dir)?)
}

fn list_keys(keys: &[KeyRecord], output: Output) -> anyhow::Result<()> {
    match output {
        Output::Json => say(&serde_json::to_string_pretty(&keys.iter().map(key_json).collect::<Vec<_>>())?),
        Output::Jsonl => keys.iter().try_for_each(|key| say(&key_json(key).to_string())),
        Output::Table => {
            say(&format!(
                "{:<36}  {:<8}  {:<12}  {:<12}  {:<8}  NAME",
                "ID", "ROLE", "CREATED", "LAST USE", "STATE"
            ))?;
            keys.iter().try_for_each(|key| {
                say(&format!(
                    "{:<36}  {:<8}  {:<12}  {:<12}  {:<8}  {}",
                    key.id,
                    key.role.name(),
                    date(key.created_at),
                    key.last_used_at.map_or("never".to_owned(), date),
                    if key.revoked_at.is_some() { "revoked" } else { "active" },
                    key.name
                ))
            })
        }
    }
}

fn key_json(key: &KeyRecord) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "role": key.role.name(),
        "createdAt": key.created_at.seconds(),
        "lastUsedAt": key.last_used_at.map(EpochMillis::seconds),
        "revokedAt": key.revoked_at.map(EpochMillis::seconds),
    })
}

fn date(at: EpochMillis) -> String {
    time::OffsetDateTime::from_unix_timestamp(at.seconds())
        .map_or_else(|_| at.seconds().to_string(), |time| time.date().to_string())
}

fn usage(problem: &str) -> ExitCode {
    note(&format!("control-plane: {problem}\nTry `control-plane --help`."));
    ExitCode::from(USAGE)
}

/// Data, on standard output.
fn say(line: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{line}").context("standard output is closed")
}

/// For people, on standard error.
fn note(line: &str) {
    // Nowhere to say it where standard error is closed.
    let _unsaid = writeln!(io::stderr(), "{line}");
}
