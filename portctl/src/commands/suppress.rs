//! `portctl suppress`: combinations that raise no event.

use serde_json::{Map, Value, json};

use super::{listed, pushed};
use crate::{
    cli::{Suppress, Wait},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, table::Field, when},
    reply::{Pushed, Suppression, Suppressions},
};

const LIST: &str = "fetchSuppressions";
const ADD: &str = "addSuppression";
const LIFT: &str = "removeSuppression";
const EXTEND: &str = "extendSuppression";

const COLUMNS: &[Column] = &[
    Column::whole("ID"),
    Column::whole("ACTOR"),
    Column::whole("POLICY"),
    Column::cut("ENDPOINT", 12),
    Column::whole("UNTIL"),
    Column::whole("HITS"),
    Column::cut("REASON", 10).spare(1),
    Column::cut("AUTHOR", 6).spare(2),
];

pub(super) fn run(client: &Client, verb: &Suppress, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Suppress::List { actor, policy, host, search, by_hits, limit } => {
            let sort = if *by_hits { json!({"hits": -1}) } else { json!({"createdAt": -1}) };
            let request = json!({
                "actor": actor,
                "filterId": policy,
                "host": host,
                "searchText": search.clone().unwrap_or_default(),
                "sort": sort,
                "limit": limit,
            });
            list(client, &request, output)
        }
        Suppress::Add { actor, policy, method, url, host, ttl, reason, wait } => {
            let named = [
                ("actor", actor),
                ("filterId", policy),
                ("method", method),
                ("url", url),
                ("host", host),
                ("reason", reason),
            ];
            let named =
                named.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?))));
            let mut request: Map<String, Value> = named.collect();
            request.extend(ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
            order(client, ADD, request, wait, output)
        }
        Suppress::Lift { ids, wait } => {
            let mut outcome = Outcome::Done;
            for id in ids {
                let request = Map::from_iter([("id".to_owned(), json!(id))]);
                if order(client, LIFT, request, wait, output)? != Outcome::Done {
                    outcome = Outcome::Partly;
                }
            }
            Ok(outcome)
        }
        Suppress::Extend { id, end, reason, wait } => {
            let mut request = Map::from_iter([("id".to_owned(), json!(id))]);
            request.extend(end.ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
            request.extend(end.permanent.then(|| ("permanent".to_owned(), json!(true))));
            request.extend(reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
            order(client, EXTEND, request, wait, output)
        }
    }
}

fn list(client: &Client, request: &Value, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let found: Suppressions = client.call_for(LIST, request)?;
    let total = found.total;
    let shown = listed::show(client, LIST, found.suppressions, COLUMNS, output, fields)?;
    if output.format == Format::Table && (shown as u64) < total {
        output
            .note(&format!("{shown} of {total}: narrow the list with --policy, --actor, --host or --search"));
    }
    Ok(Outcome::Done)
}

fn fields(one: &Suppression) -> Vec<Field> {
    let any = |text: &str| if text.is_empty() { "any".to_owned() } else { text.to_owned() };
    let endpoint = [&one.method, &one.host, &one.url];
    let endpoint: Vec<_> = endpoint.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect();
    let plain = |text: String| (text, None);
    vec![
        plain(one.id.clone()),
        plain(any(&one.actor)),
        plain(any(&one.filter_id)),
        plain(any(&endpoint.join(" "))),
        plain(one.expires_at.map_or_else(|| "lifted".to_owned(), when::stamp)),
        plain(one.hits.to_string()),
        plain(one.reason.clone()),
        plain(one.author.clone()),
    ]
}

fn order(
    client: &Client,
    endpoint: &'static str,
    mut request: Map<String, Value>,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    pushed::ask(wait, &mut request);
    let named = request.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let reply = client.call(endpoint, &Value::Object(request))?;
    let pushed: Pushed = client.parse(endpoint, reply.clone())?;
    let id = reply.pointer("/suppression/id").and_then(Value::as_str).unwrap_or(&named).to_owned();
    super::policy::tell(&id, &reply, &pushed, wait, output)
}
