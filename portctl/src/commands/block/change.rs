//! `add` and `rm`.

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::super::pushed;
use crate::{
    cli::{Terms, Wait},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows, table::Field, when},
    reply::Pushed,
};

const ADD: &str = "addBlock";
const REMOVE: &str = "removeBlock";

const COLUMNS: &[Column] =
    &[Column::whole("CIDR"), Column::whole("NOW"), Column::whole("SENSORS"), Column::whole("REVISION")];

pub(super) fn add(
    client: &Client,
    cidrs: &[IpNet],
    terms: &Terms,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    each(client, ADD, cidrs, request(terms), wait, output)
}

pub(super) fn remove(
    client: &Client,
    cidrs: &[IpNet],
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    each(client, REMOVE, cidrs, Map::new(), wait, output)
}

/// The control plane's default where neither a time nor `permanent` is given.
pub(super) fn request(terms: &Terms) -> Map<String, Value> {
    let mut request = Map::new();
    request.extend(terms.ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
    request.extend(terms.permanent.then(|| ("permanent".to_owned(), json!(true))));
    request.extend(terms.reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
    request.extend(terms.force.then(|| ("force".to_owned(), json!(true))));
    request
}

/// Each address is a change of its own, so that one refusal does not hold up the others.
pub(in crate::commands) fn each(
    client: &Client,
    endpoint: &'static str,
    cidrs: &[IpNet],
    mut request: Map<String, Value>,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    pushed::ask(wait, &mut request);
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let mut notes = Vec::new();
    let mut done = 0;
    let mut unmanned = false;
    let mut stopped = None;
    for cidr in cidrs {
        match one(client, endpoint, cidr, &request) {
            Ok((reply, pushed)) => {
                let short = pushed::shortfall(&cidr.to_string(), &pushed);
                done += usize::from(short.is_empty() && pushed.sensors.total > 0);
                unmanned |= pushed.sensors.total == 0;
                notes.extend(short);
                rows.row(&reply, || fields(endpoint, cidr, &pushed, wait))?;
            }
            Err(failure @ Failure::Rejected { .. }) => notes.push(format!("{cidr}: {failure}")),
            Err(failure) => {
                // It would meet the others too. What was done so far is shown before the reason.
                stopped = Some(failure);
                break;
            }
        }
    }
    let stored = rows.end()?;
    if unmanned {
        notes.push(pushed::UNMANNED.to_owned());
    }
    for note in notes {
        output.note(&note);
    }
    match stopped {
        Some(failure) if stored == 0 => Err(failure),
        Some(failure) => {
            output.note(&format!("portctl: {failure}"));
            Ok(Outcome::Partly)
        }
        // Stored but not in force everywhere is partly done, even where it is the only one.
        None if done == 0 && stored > 0 => Ok(Outcome::Partly),
        None => Ok(Outcome::of(done, cidrs.len())),
    }
}

/// The reply, with the address where it does not hold it: a list of several needs it.
fn one(
    client: &Client,
    endpoint: &'static str,
    cidr: &IpNet,
    request: &Map<String, Value>,
) -> Result<(Value, Pushed), Failure> {
    let mut request = request.clone();
    request.insert("cidr".to_owned(), json!(cidr.to_string()));
    let mut reply = client.call(endpoint, &Value::Object(request))?;
    let pushed = client.parse(endpoint, reply.clone())?;
    if let Some(reply) = reply.as_object_mut() {
        reply.entry("cidr").or_insert_with(|| json!(cidr.to_string()));
    }
    Ok((reply, pushed))
}

fn fields(endpoint: &str, cidr: &IpNet, pushed: &Pushed, wait: &Wait) -> Vec<Field> {
    // As it is in force: an IPv4 prefix that came dressed as IPv6 is stored as IPv4.
    let (cidr, now) = match &pushed.block {
        Some(block) => (block.cidr.clone(), until(block.expires_at)),
        None if endpoint == super::super::allow::ADD => (cidr.to_string(), "allowed".to_owned()),
        None => (cidr.to_string(), "passes".to_owned()),
    };
    vec![(cidr, None), (now, None), pushed::sensors(pushed, wait), (pushed.revision.to_string(), None)]
}

fn until(expires_at: Option<i64>) -> String {
    expires_at
        .map_or_else(|| "blocked for good".to_owned(), |at| format!("blocked until {}", when::stamp(at)))
}
