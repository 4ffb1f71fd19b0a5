//! The binary `control-plane`: reads its command line and runs what the library has.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Parser, error::ErrorKind};
use control_plane::{
    Config, NotifySettings, Server,
    cli::{Cli, Command, accounts, authority, backup, join_token, keys, note, say, users},
    openapi,
};
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
    if matches!(cli.command, Some(Command::Openapi)) {
        return ended(say(&openapi()));
    }
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
    let account = cli.account;
    let outcome = match cli.command {
        None => serve(Config {
            data_dir,
            http: cli.http,
            grpc: cli.grpc,
            account_id: cli.account_id,
            trusted_proxies: cli.trusted_proxy,
            audit_retention: cli.audit_retention,
            country_db: cli.country_db,
            export_dropped: !cli.drop_without_export,
            oidc: cli.oidc.settings(),
            keep_free: cli.keep_free,
            notify: NotifySettings { allowed: cli.notify_allow, ca: cli.notify_ca },
            coverage: None,
            certificate_lifetime: cli.certificate_lifetime,
        }),
        Some(Command::Users(command)) => users::run(&data_dir, account, command),
        Some(Command::Keys(command)) => keys::run(&data_dir, account, command),
        Some(Command::JoinToken(command)) => join_token::run(&data_dir, account, command),
        Some(Command::Accounts(command)) => accounts::run(&data_dir, command),
        Some(Command::Authority) => authority::run(&data_dir),
        Some(Command::Backup(command)) => backup::run(&data_dir, command),
        Some(Command::Restore(command)) => backup::restore(&data_dir, command),
        Some(Command::Openapi) => Ok(()),
    };
    ended(outcome)
}

fn ended(outcome: anyhow::Result<()>) -> ExitCode {
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
            "control-plane: console and REST on http://{}, sensors on https://{}",
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

fn usage(problem: &str) -> ExitCode {
    note(&format!("control-plane: {problem}\nTry `control-plane --help`."));
    ExitCode::from(USAGE)
}
