//! Policies at the control plane.

use std::{io::Read as _, path::Path};

use serde_json::{Map, Value, json};

use super::super::pushed;
use crate::{
    cli::{PolicyMode, PolicyVerb, Wait},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, terminal::Tone, when},
    reply::{Pushed, Template, TemplateVersion, TemplateVersions, Templates},
};

const LIST: &str = "fetchFilterYamlTemplate";
const VERSIONS: &str = "fetchFilterYamlTemplateVersions";
const SAVE: &str = "saveFilterYamlTemplate";
const DELETE: &str = "deleteFilterYamlTemplate";
const RESTORE: &str = "restoreFilterYamlTemplate";
const ROLLBACK: &str = "rollbackFilterYamlTemplate";
const MODE: &str = "setFilterYamlTemplateMode";

const COLUMNS: &[Column] = &[
    Column::whole("POLICY"),
    Column::whole("SEVERITY"),
    Column::whole("ORIGIN"),
    Column::whole("STATE"),
    Column::whole("VERSION"),
    Column::cut("AUTHOR", 8).spare(1),
    Column::whole("CHANGED").spare(2),
];
const STEPS: &[Column] = &[
    Column::whole("VERSION"),
    Column::whole("WHAT"),
    Column::whole("WHEN"),
    Column::cut("AUTHOR", 8).spare(1),
    Column::whole("REVISION"),
    Column::whole("DIGEST").spare(2),
];
/// No policy is longer.
const MAX_FILE: u64 = 1 << 20;

pub(super) fn run(client: &Client, verb: &PolicyVerb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let named = |id: &str| Map::from_iter([("templateId".to_owned(), json!(id))]);
    match verb {
        PolicyVerb::Show { id } => show(client, id, output),
        PolicyVerb::Versions { id } => versions(client, id, output),
        PolicyVerb::Save { file, wait } => {
            let request = Map::from_iter([("content".to_owned(), json!(read(file)?))]);
            order(client, SAVE, request, &file.display().to_string(), wait, output)
        }
        PolicyVerb::Delete(one) => order(client, DELETE, named(&one.id), &one.id, &one.wait, output),
        PolicyVerb::Restore(one) => order(client, RESTORE, named(&one.id), &one.id, &one.wait, output),
        PolicyVerb::Mode { id, mode, wait } => {
            let mode = match mode {
                PolicyMode::Detect => "detect",
                PolicyMode::Block => "block",
            };
            let mut request = named(id);
            request.insert("mode".to_owned(), json!(mode));
            order(client, MODE, request, id, wait, output)
        }
        PolicyVerb::Rollback { id, version, wait } => {
            let mut request = named(id);
            request.insert("version".to_owned(), json!(version));
            order(client, ROLLBACK, request, id, wait, output)
        }
        _ => list(client, output),
    }
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: Templates = client.call_for(LIST, &json!({}))?;
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    for row in list.templates {
        let one: Template = client.parse(LIST, row.clone())?;
        rows.row(&row, || {
            let state = match (one.in_force, one.mode.as_str()) {
                (false, _) => ("out of force".to_owned(), Some(Tone::Caution)),
                (true, "block") => ("blocks".to_owned(), None),
                (true, _) => ("detects".to_owned(), None),
            };
            let plain = |text: String| (text, None);
            vec![
                plain(one.id.clone()),
                plain(one.info.severity.clone()),
                plain(one.origin.clone()),
                state,
                plain(one.version.map_or_else(String::new, |version| version.to_string())),
                plain(one.author.clone()),
                plain(one.updated_at.map_or_else(String::new, when::stamp)),
            ]
        })?;
    }
    rows.end()?;
    Ok(Outcome::Done)
}

/// Its text, as a file would hold it; all of it as JSON otherwise.
fn show(client: &Client, id: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: Templates = client.call_for(LIST, &json!({}))?;
    for row in list.templates {
        let one: Template = client.parse(LIST, row.clone())?;
        if one.id != *id {
            continue;
        }
        if output.format == Format::Table {
            output.file(one.content.as_bytes())?;
            output.end_file()?;
            if !one.in_force {
                output.note(&format!(
                    "{id} is out of force; put it in force with: portctl policy restore {id}"
                ));
            }
        } else {
            output.document(&row)?;
        }
        return Ok(Outcome::Done);
    }
    Err(Failure::Usage(format!("there is no policy {id}; see them with: portctl policy list")))
}

fn versions(client: &Client, id: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let found: TemplateVersions = client.call_for(VERSIONS, &json!({ "templateId": id }))?;
    let mut rows = Rows::new(output, Table::new(STEPS));
    for row in found.versions {
        let one: TemplateVersion = client.parse(VERSIONS, row.clone())?;
        rows.row(&row, || {
            let plain = |text: String| (text, None);
            vec![
                plain(one.version.to_string()),
                plain(one.step.clone()),
                plain(when::stamp(one.at)),
                plain(one.author.clone()),
                plain(one.revision.to_string()),
                plain(one.digest.chars().take(12).collect()),
            ]
        })?;
    }
    if rows.end()? == 0 && output.format == Format::Table {
        output.note(&format!("{id} is as it came: nothing was saved over it"));
    }
    Ok(Outcome::Done)
}

fn order(
    client: &Client,
    endpoint: &'static str,
    mut request: Map<String, Value>,
    what: &str,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    pushed::ask(wait, &mut request);
    let reply = client.call(endpoint, &Value::Object(request))?;
    let pushed: Pushed = client.parse(endpoint, reply.clone())?;
    let id = reply.pointer("/template/id").and_then(Value::as_str).unwrap_or(what).to_owned();
    let outcome = tell(&id, &reply, &pushed, wait, output)?;
    for (key, what) in [
        ("missed", "misses an example that it should match"),
        ("accused", "matches an example that it should not"),
    ] {
        let wrong = reply.pointer(&format!("/examples/{key}")).and_then(Value::as_array);
        for text in wrong.into_iter().flatten().filter_map(Value::as_str) {
            output.note(&format!("{id} {what}:\n{text}\n"));
        }
    }
    Ok(outcome)
}

/// How far an order has come that is no block.
pub(in crate::commands) fn tell(
    what: &str,
    reply: &Value,
    pushed: &Pushed,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    if output.format == Format::Table {
        let (sensors, _) = pushed::sensors(pushed, wait);
        output.note(&format!("{what}: revision {}, sensors {sensors}", pushed.revision));
    } else {
        output.document(reply)?;
    }
    let short = pushed::shortfall(what, pushed);
    if pushed.sensors.total == 0 {
        output.note(pushed::UNMANNED);
    }
    short.iter().for_each(|note| output.note(note));
    let is_done = short.is_empty() && pushed.sensors.total > 0;
    Ok(if is_done { Outcome::Done } else { Outcome::Partly })
}

pub(in crate::commands) fn read(path: &Path) -> Result<String, Failure> {
    let problem = |what: String| Failure::Usage(format!("{}: {what}", path.display()));
    let mut text = String::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(MAX_FILE).read_to_string(&mut text))
    };
    read.map_err(|error| problem(format!("cannot be read: {error}")))?;
    if text.len() as u64 == MAX_FILE {
        return Err(problem("is longer than 1 MiB".to_owned()));
    }
    Ok(text)
}
