//! `portctl users`: who logs in with name and password.

use std::{
    io::{self, BufRead, IsTerminal, Read},
    path::Path,
};

use serde_json::{Value, json};

use super::listed;
use crate::{
    cli::{Connection, Users},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, table::Field, when},
    reply::{ChangedUser, User, UserList},
};

const LIST: &str = "fetchUsers";
const ADD: &str = "addUser";
const MODIFY: &str = "modifyUser";
const REMOVE: &str = "removeUser";

/// Far longer than any password; enough to tell one from a file given by mistake.
const MAX_INPUT: u64 = 4_096;

const COLUMNS: &[Column] = &[
    Column::whole("NAME"),
    Column::whole("ROLE"),
    Column::whole("STATE"),
    Column::whole("SESSIONS").spare(2),
    Column::whole("LOGGED IN").spare(1),
    Column::whole("PASSWORD OF").spare(3),
    Column::whole("SINCE").spare(4),
];

pub(super) fn run(
    client: &Client,
    connection: &Connection,
    verb: &Users,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        Users::List => list(client, output),
        Users::Add { name, role } => {
            let password = ask(connection, name)?;
            let request = json!({ "name": name, "role": role.as_str(), "password": password });
            change(client, ADD, &request, output)
        }
        Users::Role { name, role } => {
            change(client, MODIFY, &json!({ "name": name, "role": role.as_str() }), output)
        }
        Users::Password { name } => {
            let password = ask(connection, name)?;
            change(client, MODIFY, &json!({ "name": name, "password": password }), output)
        }
        Users::Disable { name } => change(client, MODIFY, &json!({ "name": name, "disabled": true }), output),
        Users::Enable { name } => change(client, MODIFY, &json!({ "name": name, "disabled": false }), output),
        Users::Remove { name } => {
            let reply = client.call(REMOVE, &json!({ "name": name }))?;
            match output.format {
                Format::Table => output.note(&format!("{name} is removed")),
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
    }
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: UserList = client.call_for(LIST, &json!({}))?;
    if listed::show(client, LIST, list.users, COLUMNS, output, fields)? == 0 && output.format == Format::Table
    {
        output.note("nobody logs in with a password; add somebody with: portctl users add NAME --role ROLE");
    }
    Ok(Outcome::Done)
}

/// Shows the user as they are then.
fn change(
    client: &Client,
    endpoint: &'static str,
    request: &Value,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let changed: ChangedUser = client.call_for(endpoint, request)?;
    listed::show(client, endpoint, vec![changed.user], COLUMNS, output, fields)?;
    Ok(Outcome::Done)
}

fn fields(user: &User) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&user.name),
        plain(&user.role),
        plain(if user.disabled_at.is_some() { "disabled" } else { "active" }),
        plain(&user.sessions.to_string()),
        plain(&user.last_log_in_at.map_or_else(|| "never".to_owned(), when::stamp)),
        plain(&when::stamp(user.password_changed_at)),
        plain(&when::stamp(user.created_at)),
    ]
}

/// Never an argument: every user of the machine reads those with `ps`. What makes a password good the control plane says.
fn ask(connection: &Connection, user: &str) -> Result<String, Failure> {
    let refuse = |error: io::Error| Failure::Usage(format!("no password for {user}: {error}"));
    if io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password for {user}: ")).map_err(refuse)?;
        let again = rpassword::prompt_password("Once more: ").map_err(refuse)?;
        if first != again {
            return Err(Failure::Usage("these are two different passwords: nothing was changed".to_owned()));
        }
        return Ok(first);
    }
    if connection.api_key_file.as_deref() == Some(Path::new("-")) {
        return Err(Failure::Usage(
            "standard input cannot hold both the API key and the password: give --api-key-file a file"
                .to_owned(),
        ));
    }
    let mut line = String::new();
    io::BufReader::new(io::stdin().take(MAX_INPUT)).read_line(&mut line).map_err(refuse)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
