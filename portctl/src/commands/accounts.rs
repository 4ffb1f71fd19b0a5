//! `portctl accounts`: accounts besides the operator's, and which overlay networks are theirs.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use serde_json::{Value, json};

use super::listed;
use crate::{
    cli::Accounts,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, escape, terminal::Tone, when},
    reply::{Account, AccountList, MadeAccount, VniMapping},
};

const LIST: &str = "fetchAccounts";
const ADD: &str = "addAccount";
const REMOVE: &str = "removeAccount";
const MAPPING: &str = "fetchVniMapping";
const SET_MAPPING: &str = "modifyVniMapping";

/// The control plane takes no longer one.
const MAX_MAPPING: u64 = 1 << 20;

const COLUMNS: &[Column] = &[
    Column::whole("ID"),
    Column::cut("NAME", 8),
    Column::whole("STATE"),
    Column::cut("MADE BY", 6).spare(1),
    Column::whole("SINCE").spare(2),
];

pub(super) fn run(client: &Client, verb: &Accounts, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Accounts::List => list(client, output),
        Accounts::Add { id, name } => add(client, &json!({ "id": id, "name": name }), output),
        Accounts::Remove { id, delete_data } => {
            let reply = client.call(REMOVE, &json!({ "id": id, "deleteData": delete_data }))?;
            done(&reply, &format!("{id} is removed, and its data deleted"), output)
        }
        Accounts::Vni { set: None } => {
            let reply = client.call(MAPPING, &json!({}))?;
            let mapping: VniMapping = client.parse(MAPPING, reply.clone())?;
            match output.format {
                Format::Table => output.text(&escape::block(&mapping.yaml))?,
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
        Accounts::Vni { set: Some(file) } => {
            let yaml = read(file).map_err(|error| {
                Failure::Usage(format!("{}: {error}; the mapping is read from there", file.display()))
            })?;
            let reply = client.call(SET_MAPPING, &json!({ "yaml": yaml }))?;
            done(&reply, "taken; it holds for what sensors send from now on", output)
        }
    }
}

fn done(reply: &Value, note: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match output.format {
        Format::Table => output.note(note),
        Format::Json | Format::Jsonl => output.document(reply)?,
    }
    Ok(Outcome::Done)
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    let source: Box<dyn io::Read> = match file.as_os_str() == "-" {
        true => Box::new(io::stdin()),
        false => Box::new(File::open(file)?),
    };
    source.take(MAX_MAPPING).read_to_string(&mut text)?;
    Ok(text)
}

/// The key alone on standard output, so that it can go into a file.
fn add(client: &Client, request: &Value, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(ADD, request)?;
    let made: MadeAccount = client.parse(ADD, reply.clone())?;
    match output.format {
        Format::Table => {
            output.text(&format!("{}\n", escape::line(&made.key)))?;
            output.note(&format!("the first key of {}, an admin's; it is shown this once", made.id));
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: AccountList = client.call_for(LIST, &json!({}))?;
    listed::show(client, LIST, list.accounts, COLUMNS, output, |account: &Account| {
        let state = match account.removed_at {
            Some(_) => ("removed".to_owned(), Some(Tone::Bad)),
            None => ("active".to_owned(), None),
        };
        vec![
            (account.id.clone(), None),
            (account.name.clone(), None),
            state,
            (account.created_by.clone(), None),
            (when::stamp(account.created_at), None),
        ]
    })?;
    Ok(Outcome::Done)
}
