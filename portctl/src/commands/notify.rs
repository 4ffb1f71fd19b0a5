//! `portctl notify`: other systems that are told of new events.

mod log;

use serde_json::{Map, Value, json};

use super::{listed, secret};
use crate::{
    cli::{Access, Connection, Notify, TargetFilter},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, escape, table::Field, terminal::Tone},
    reply::{ChangedTarget, NotifyTarget, NotifyTargets, NotifyTest},
};

const LIST: &str = "fetchNotifyTargets";
const ADD: &str = "addNotifyTarget";
const MODIFY: &str = "modifyNotifyTarget";
const REMOVE: &str = "removeNotifyTarget";
const TEST: &str = "testNotifyTarget";

const COLUMNS: &[Column] = &[
    Column::cut("NAME", 8),
    Column::whole("KIND"),
    Column::cut("ADDRESS", 12),
    Column::whole("STATE"),
    Column::whole("QUEUED"),
    Column::whole("DELIVERED").spare(1),
    Column::whole("LOST"),
    Column::cut("EVENTS", 6).spare(2),
];

pub(super) fn run(
    client: &Client,
    connection: &Connection,
    verb: &Notify,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        Notify::List => list(client, output),
        Notify::Add { name, kind, access, filter } => {
            let mut request = asked(connection, name, access, filter)?;
            request.insert("kind".to_owned(), json!(kind.as_str()));
            if !request.contains_key("url") {
                return Err(Failure::Usage(
                    "--url URL or --url-file FILE is missing: where to send".to_owned(),
                ));
            }
            change(client, ADD, request, output)
        }
        Notify::Modify { name, access, filter, enable, disable } => {
            let mut request = asked(connection, name, access, filter)?;
            if *enable || *disable {
                request.insert("enabled".to_owned(), json!(enable));
            }
            change(client, MODIFY, request, output)
        }
        Notify::Remove { name } => {
            let reply = client.call(REMOVE, &json!({ "name": name }))?;
            match output.format {
                Format::Table => output.note(&format!("{name} is removed")),
                Format::Json | Format::Jsonl => output.document(&reply)?,
            }
            Ok(Outcome::Done)
        }
        Notify::Test { name } => test(client, name, output),
        Notify::Log { name, limit } => log::run(client, name.as_deref(), *limit, output),
    }
}

fn asked(
    connection: &Connection,
    name: &str,
    access: &Access,
    filter: &TargetFilter,
) -> Result<Map<String, Value>, Failure> {
    let (url, secret) = secret::read(connection, access)?;
    let severity =
        filter.severity.as_ref().map(|some| some.iter().map(|one| one.as_str()).collect::<Vec<_>>());
    let all = [
        ("name", Some(json!(name))),
        ("url", url.map(Value::from)),
        ("secret", secret.map(Value::from)),
        ("severity", severity.map(Value::from)),
        ("category", filter.category.clone().map(Value::from)),
        ("policy", filter.policy.clone().map(Value::from)),
    ];
    Ok(all.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect())
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let list: NotifyTargets = client.call_for(LIST, &json!({}))?;
    if listed::show(client, LIST, list.targets, COLUMNS, output, fields)? == 0
        && output.format == Format::Table
    {
        output.note(
            "nobody is told of events; add a target with: portctl notify add NAME --kind KIND --url URL",
        );
    }
    Ok(Outcome::Done)
}

/// The secret that was made alone on standard output, so that it can go into a file; else the target as it is then.
fn change(
    client: &Client,
    endpoint: &'static str,
    request: Map<String, Value>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let reply = client.call(endpoint, &Value::Object(request))?;
    let changed: ChangedTarget = client.parse(endpoint, reply.clone())?;
    match (output.format, changed.secret) {
        (Format::Table, Some(secret)) => {
            output.text(&format!("{}\n", escape::line(&secret)))?;
            output.note("this secret signs what is sent; it is shown this once");
        }
        (Format::Table, None) => {
            listed::show(client, endpoint, vec![changed.target], COLUMNS, output, fields)?;
        }
        (Format::Json | Format::Jsonl, _) => output.document(&reply)?,
    }
    Ok(Outcome::Done)
}

fn test(client: &Client, name: &str, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(TEST, &json!({ "name": name }))?;
    let test: NotifyTest = client.parse(TEST, reply.clone())?;
    match output.format {
        Format::Table if test.delivered => {
            output.note(&format!("{name}: delivered in {} ms ({})", test.took_ms, test.detail));
        }
        Format::Table => output.note(&format!("{name}: not delivered: {}", test.detail)),
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    Ok(if test.delivered { Outcome::Done } else { Outcome::Failed })
}

fn fields(target: &NotifyTarget) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let state = match (target.enabled, target.failures) {
        (false, _) => plain("disabled"),
        (true, 0) => plain("ok"),
        (true, failures) => (format!("failed {failures}x"), Some(Tone::Bad)),
    };
    let lost = target.given_up + target.dropped;
    let lists = [&target.severity, &target.category, &target.policy];
    let events: Vec<_> = lists.iter().filter(|list| !list.is_empty()).map(|list| list.join(",")).collect();
    vec![
        plain(&target.name),
        plain(&target.kind),
        plain(&target.address),
        state,
        plain(&target.queued.to_string()),
        plain(&target.delivered.to_string()),
        (lost.to_string(), (lost > 0).then_some(Tone::Bad)),
        plain(&if events.is_empty() { "all".to_owned() } else { events.join(" ") }),
    ]
}
