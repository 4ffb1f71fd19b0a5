//! `portctl keys`: API keys, by what they may do and when they were last used.

use serde_json::{Map, Value, json};

use super::listed;
use crate::{
    cli::Keys,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, escape, table::Field, terminal::Tone, when},
    reply::{Key, KeyList, MadeKey},
};

const LIST: &str = "fetchKeys";
const ADD: &str = "addKey";
const REVOKE: &str = "revokeKey";

const COLUMNS: &[Column] = &[
    Column::whole("ID"),
    Column::cut("NAME", 8),
    Column::whole("ROLE"),
    Column::whole("STATE"),
    Column::whole("LAST USE").spare(1),
    Column::whole("ENDS").spare(2),
    Column::cut("MADE BY", 6).spare(3),
    Column::whole("SINCE").spare(4),
];

pub(super) fn run(client: &Client, verb: &Keys, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Keys::List => list(client, output),
        Keys::Create { name, role, ttl } => {
            let mut request = Map::new();
            request.insert("name".to_owned(), json!(name));
            request.insert("role".to_owned(), json!(role.as_str()));
            request.extend(ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
            create(client, &Value::Object(request), output)
        }
        Keys::Revoke { id } => {
            let reply = client.call(REVOKE, &json!({ "id": id }))?;
            match output.format {
                Format::Table => output.note(&format!("{id} is revoked")),
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
    }
}

/// The key alone on standard output, so that it can go into a file.
fn create(client: &Client, request: &Value, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(ADD, request)?;
    let made: MadeKey = client.parse(ADD, reply.clone())?;
    match output.format {
        Format::Table => {
            output.text(&format!("{}\n", escape::line(&made.key)))?;
            output.note(&format!("key {} of {}; it is shown this once", made.id, made.name));
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: KeyList = client.call_for(LIST, &json!({}))?;
    let now = when::now();
    listed::show(client, LIST, list.keys, COLUMNS, output, |key: &Key| fields(key, now))?;
    Ok(Outcome::Done)
}

fn fields(key: &Key, now: i64) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let or = |at: Option<i64>, never: &str| at.map_or_else(|| never.to_owned(), when::stamp);
    let state = match (key.revoked_at, key.expires_at) {
        (Some(_), _) => ("revoked".to_owned(), Some(Tone::Bad)),
        (None, Some(end)) if end <= now => ("over".to_owned(), Some(Tone::Bad)),
        _ => plain("active"),
    };
    vec![
        plain(&key.id),
        plain(&key.name),
        plain(&key.role),
        state,
        plain(&or(key.last_used_at, "never")),
        plain(&or(key.expires_at, "never")),
        plain(&key.created_by),
        plain(&when::stamp(key.created_at)),
    ]
}
