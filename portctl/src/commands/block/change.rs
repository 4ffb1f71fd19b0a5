//! `add` and `rm`: each address is a change of its own, so that one refusal does not hold up the others.

use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use super::sensors;
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows, table::Field, when},
    reply::{Applied, Pushed},
};

const ADD: &str = "addBlock";
const REMOVE: &str = "removeBlock";

const COLUMNS: &[Column] =
    &[Column::whole("CIDR"), Column::whole("NOW"), Column::whole("SENSORS"), Column::whole("REVISION")];

/// For how long, and why; the control plane's default where neither a time nor `permanent` is given.
pub(super) struct Terms<'a> {
    pub(super) ttl: Option<Duration>,
    pub(super) permanent: bool,
    pub(super) reason: Option<&'a str>,
}

pub(super) fn add(
    client: &Client,
    cidrs: &[IpNet],
    terms: &Terms<'_>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut request = Map::new();
    request.extend(terms.ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
    request.extend(terms.permanent.then(|| ("permanent".to_owned(), json!(true))));
    request.extend(terms.reason.map(|reason| ("reason".to_owned(), json!(reason))));
    each(client, ADD, cidrs, &request, output)
}

pub(super) fn remove(client: &Client, cidrs: &[IpNet], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    each(client, REMOVE, cidrs, &Map::new(), output)
}

fn each(
    client: &Client,
    endpoint: &'static str,
    cidrs: &[IpNet],
    request: &Map<String, Value>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let mut notes = Vec::new();
    let mut done = 0;
    let mut unmanned = false;
    let mut stopped = None;
    for cidr in cidrs {
        match one(client, endpoint, cidr, request) {
            Ok((reply, pushed)) => {
                let short = shortfall(cidr, &pushed);
                done += usize::from(short.is_empty() && pushed.sensors.total > 0);
                unmanned |= pushed.sensors.total == 0;
                notes.extend(short);
                rows.row(&reply, || fields(cidr, &pushed))?;
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
        notes.push(
            "stored, but no sensor is there to apply it\n  \
             start one on each node: sensor run --interface NAME --control-plane URL --join-token FILE"
                .to_owned(),
        );
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

fn fields(cidr: &IpNet, pushed: &Pushed) -> Vec<Field> {
    // As it is in force: an IPv4 prefix that came dressed as IPv6 is stored as IPv4.
    let (cidr, now) = match &pushed.block {
        Some(block) => (block.cidr.clone(), until(block.expires_at)),
        None => (cidr.to_string(), "passes".to_owned()),
    };
    vec![
        (cidr, None),
        (now, None),
        sensors(pushed.sensors, pushed.refusals.len()),
        (pushed.revision.to_string(), None),
    ]
}

fn until(expires_at: Option<i64>) -> String {
    expires_at
        .map_or_else(|| "blocked for good".to_owned(), |at| format!("blocked until {}", when::stamp(at)))
}

/// Why a stored change is not in force everywhere.
fn shortfall(cidr: &IpNet, pushed: &Pushed) -> Vec<String> {
    let Applied { total, applied } = pushed.sensors;
    let mut notes: Vec<_> = pushed
        .refusals
        .iter()
        .map(|refusal| format!("{}: sensor {} refused: {}", refusal.cidr, refusal.sensor_id, refusal.reason))
        .collect();
    if applied < total {
        notes.push(format!(
            "{cidr}: applied by {applied} of {total} sensors so far; see which is behind with: portctl sensors"
        ));
    }
    notes
}
