use std::path::Path;

use serde_json::{Map, Value, json};

use super::upper;
use crate::{
    cli::{Connection, TrackerArgs, TrackerKind},
    client::Client,
    commands::{listed, secret},
    failure::{Failure, Outcome},
    output::{Column, Format, Output, table::Field, terminal::Tone},
    reply::{ChangedIntegration, Integration, IntegrationTest, Integrations},
};

const LIST: &str = "fetchTicketIntegrations";
const ADD: &str = "addTicketIntegration";
const MODIFY: &str = "modifyTicketIntegration";
const REMOVE: &str = "removeTicketIntegration";
const TEST: &str = "testTicketIntegration";

/// More than a template may be.
const MAX_TEMPLATE: usize = 64 << 10;

const COLUMNS: &[Column] = &[
    Column::cut("NAME", 8),
    Column::whole("KIND"),
    Column::cut("ADDRESS", 12),
    Column::cut("PROJECT", 6),
    Column::cut("TYPE", 4).spare(2),
    Column::whole("STATE"),
    Column::whole("QUEUED"),
    Column::whole("MADE").spare(1),
    Column::cut("PROBLEM", 8).spare(3),
];

pub(super) fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: Integrations = client.call_for(LIST, &json!({}))?;
    let shown = listed::show(client, LIST, list.integrations, COLUMNS, output, fields)?;
    if shown == 0 && output.format == Format::Table {
        output.note(
            "tickets are made nowhere; begin with: portctl tickets add NAME --kind KIND --url URL --project PROJECT \
             --issue-type TYPE --token-file FILE",
        );
    }
    Ok(Outcome::Done)
}

pub(super) fn add(
    client: &Client,
    connection: &Connection,
    name: &str,
    kind: TrackerKind,
    tracker: &TrackerArgs,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut request = asked(connection, name, tracker)?;
    request.insert("kind".to_owned(), json!(kind.as_str()));
    for (key, option) in [
        ("url", "--url URL"),
        ("project", "--project PROJECT"),
        ("issueType", "--issue-type TYPE"),
        ("token", "--token-file FILE"),
    ] {
        if !request.contains_key(key) {
            return Err(Failure::Usage(format!("{option} is missing")));
        }
    }
    change(client, ADD, request, output)
}

pub(super) fn modify(
    client: &Client,
    connection: &Connection,
    name: &str,
    tracker: &TrackerArgs,
    enabled: Option<bool>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut request = asked(connection, name, tracker)?;
    request.extend(enabled.map(|enabled| ("enabled".to_owned(), json!(enabled))));
    change(client, MODIFY, request, output)
}

pub(super) fn remove(client: &Client, name: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(REMOVE, &json!({ "name": name }))?;
    match output.format {
        Format::Table => {
            let tickets = reply.get("tickets").and_then(Value::as_u64).unwrap_or_default();
            output.note(&format!("{name} is removed, and {tickets} tickets are no longer known here"));
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

pub(super) fn test(client: &Client, name: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(TEST, &json!({ "name": name }))?;
    let test: IntegrationTest = client.parse(TEST, reply.clone())?;
    match output.format {
        Format::Table if test.works => {
            output.note(&format!("{name}: works ({}; {} ms)", test.detail, test.took_ms));
        }
        Format::Table => output.note(&format!("{name}: does not work: {}", test.detail)),
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(if test.works { Outcome::Done } else { Outcome::Failed })
}

fn asked(connection: &Connection, name: &str, tracker: &TrackerArgs) -> Result<Map<String, Value>, Failure> {
    let token = tracker.token_file.as_deref();
    if token == Some(Path::new("-")) && connection.api_key_file.as_deref() == token {
        return Err(Failure::Usage(
            "standard input can hold one thing alone: give the others a file".to_owned(),
        ));
    }
    let fields = tracker.fields.as_deref().map(|text| match serde_json::from_str(text) {
        Ok(Value::Object(fields)) => Ok(Value::Object(fields)),
        Ok(_) => Err(Failure::Usage("--fields is a JSON object".to_owned())),
        Err(error) => Err(Failure::Usage(format!("--fields is no JSON: {error}"))),
    });
    let all = [
        ("name", Some(json!(name))),
        ("url", tracker.url.as_ref().map(|url| json!(url))),
        ("project", tracker.project.as_ref().map(|project| json!(project))),
        ("issueType", tracker.issue_type.as_ref().map(|kind| json!(kind))),
        ("user", tracker.user.as_ref().map(|user| json!(user))),
        ("token", token.map(secret::line).transpose()?.map(Value::from)),
        ("consoleUrl", tracker.console_url.as_ref().map(|url| json!(url))),
        ("summary", tracker.summary.as_ref().map(|template| json!(template))),
        ("description", tracker.description_file.as_deref().map(template).transpose()?.map(Value::from)),
        ("fields", fields.transpose()?),
        ("states", states(tracker)?),
    ];
    Ok(all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

/// All of what states mean, where any of it is said.
fn states(tracker: &TrackerArgs) -> Result<Option<Value>, Failure> {
    let mut states = Map::new();
    for (key, state) in [("close", &tracker.close), ("reopen", &tracker.reopen)] {
        states.extend(state.as_ref().map(|state| (key.to_owned(), json!(state))));
    }
    if !tracker.done.is_empty() {
        states.insert("done".to_owned(), json!(tracker.done));
    }
    let ignore = tracker.ignore.iter().map(|text| {
        let (state, reason) = text.rsplit_once('=').ok_or_else(|| {
            Failure::Usage(format!("--ignore {text}: is STATE=REASON, as \"Won't Do=acceptable-risk\""))
        })?;
        Ok((state.to_owned(), json!(upper(reason))))
    });
    let ignore = ignore.collect::<Result<Map<_, _>, Failure>>()?;
    if !ignore.is_empty() {
        states.insert("ignore".to_owned(), Value::Object(ignore));
    }
    Ok((!states.is_empty()).then_some(Value::Object(states)))
}

fn template(file: &Path) -> Result<String, Failure> {
    let refuse = |problem: String| Failure::Usage(format!("cannot read {}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| refuse(error.to_string()))?;
    if text.len() > MAX_TEMPLATE {
        return Err(refuse("it is no template but larger than 64 KiB".to_owned()));
    }
    Ok(text)
}

fn change(
    client: &Client,
    call: &'static str,
    request: Map<String, Value>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let reply = client.call(call, &Value::Object(request))?;
    match output.format {
        Format::Table => {
            let changed: ChangedIntegration = client.parse(call, reply)?;
            listed::show(client, call, vec![changed.integration], COLUMNS, output, fields)?;
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

fn fields(integration: &Integration) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let state = match (integration.enabled, integration.failures) {
        (false, _) => plain("disabled"),
        (true, 0) => plain("ok"),
        (true, failures) => (format!("failed {failures}x"), Some(Tone::Bad)),
    };
    vec![
        plain(&integration.name),
        plain(&integration.kind),
        plain(&integration.url),
        plain(&integration.project),
        plain(&integration.issue_type),
        state,
        plain(&integration.queued.to_string()),
        plain(&integration.created.to_string()),
        plain(&integration.problem),
    ]
}
