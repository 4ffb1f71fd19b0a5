//! One file per verb: ask the control plane, show the answer.

mod accounts;
mod actors;
mod allow;
mod apis;
mod audit;
mod backup;
mod block;
mod capture;
mod configuration;
mod doctor;
mod events;
mod gate;
mod import;
mod inventory;
mod issues;
mod keys;
mod listed;
mod notify;
mod pages;
mod policy;
mod pushed;
mod secret;
pub(crate) mod sensors;
mod suppress;
mod tickets;
mod users;

use clap::CommandFactory as _;

use crate::{
    cli::{Cli, Connection, Verb},
    client::{ApiKey, Client, Server},
    failure::{Failure, Outcome},
    output::Output,
};

pub(crate) fn run(cli: &Cli, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &cli.verb {
        Verb::Events(events) => events::run(&connect(&cli.connection, output)?, events, output),
        Verb::Actors(asked) => actors::run(&connect(&cli.connection, output)?, asked, output),
        Verb::Apis(asked) => apis::run(&connect(&cli.connection, output)?, asked, output),
        Verb::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "portctl", &mut script);
            output.text(&String::from_utf8_lossy(&script))?;
            Ok(Outcome::Done)
        }
        Verb::Block(block) => block::run(&connect(&cli.connection, output)?, block, output),
        Verb::Allow(allow) => allow::run(&connect(&cli.connection, output)?, allow, output),
        Verb::Gate(gate) => gate::run(&connect(&cli.connection, output)?, gate, output),
        Verb::Capture(capture) => capture::run(&connect(&cli.connection, output)?, capture, output),
        Verb::Policy(verb) => policy::run(&cli.connection, verb, output),
        Verb::Issues(verb) => issues::run(&connect(&cli.connection, output)?, verb, output),
        Verb::Tickets(verb) => {
            tickets::run(&connect(&cli.connection, output)?, &cli.connection, verb, output)
        }
        Verb::Suppress(verb) => suppress::run(&connect(&cli.connection, output)?, verb, output),
        Verb::Config(verb) => configuration::run(&connect(&cli.connection, output)?, verb, output),
        Verb::Inventory(asked) => inventory::run(&connect(&cli.connection, output)?, asked, output),
        Verb::Sensors(asked) => sensors::run(&connect(&cli.connection, output)?, asked, output),
        Verb::Users(verb) => users::run(&connect(&cli.connection, output)?, &cli.connection, verb, output),
        Verb::Keys(verb) => keys::run(&connect(&cli.connection, output)?, verb, output),
        Verb::Accounts(verb) => accounts::run(&connect(&cli.connection, output)?, verb, output),
        Verb::Audit(audit) => audit::run(&connect(&cli.connection, output)?, audit, output),
        Verb::Backup(backup) => backup::run(&connect(&cli.connection, output)?, backup, output),
        Verb::Notify(verb) => notify::run(&connect(&cli.connection, output)?, &cli.connection, verb, output),
        Verb::Doctor(doctor) => doctor::run(&cli.connection, doctor, output),
    }
}

fn connect(connection: &Connection, output: &mut Output<'_>) -> Result<Client, Failure> {
    let server = Server::parse(&connection.server)?;
    let key = ApiKey::find(connection)?;
    if let Some(caution) = &key.caution {
        output.note(&format!("warning: {}; mend it with: {}", caution.finding, caution.fix));
    }
    if server.exposes_key() {
        output.note(&format!("warning: {server} is plain http: the API key crosses the network unencrypted"));
    }
    Client::new(server, key)
}
