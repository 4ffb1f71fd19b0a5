//! Is the control plane there, and does it know our key?

use std::time::SystemTime;

use serde_json::json;

use super::Check;
use crate::{
    cli::Connection,
    client::{self, ApiKey, Client, Server},
    commands::sensors,
    failure::Failure,
    reply::Fleet,
};

/// What one visit brought home for the other checks.
pub(super) struct Visit {
    pub(super) checks: Vec<Check>,
    pub(super) date: Option<SystemTime>,
    pub(super) fleet: Option<Fleet>,
}

/// A key as an argument is bad usage here too; a key that is not there is a finding.
pub(super) fn visit(server: &Server, connection: &Connection) -> Result<Visit, Failure> {
    let mut visit = Visit { checks: Vec::new(), date: None, fleet: None };
    match client::health(server) {
        Ok(health) => {
            visit.date = health.date;
            visit.checks.push(reached(server));
        }
        Err(failure) => {
            visit.checks.push(finding("control plane", &failure));
            return Ok(visit);
        }
    }
    let key = match ApiKey::find(connection) {
        Ok(key) => key,
        Err(failure) if connection.api_key.is_some() => return Err(failure),
        Err(failure) => {
            visit.checks.push(finding("API key", &failure));
            return Ok(visit);
        }
    };
    let caution = key.caution.clone();
    match Client::new(server.clone(), key)?.call_for::<Fleet>(sensors::ENDPOINT, &json!({})) {
        Ok(fleet) => {
            visit.fleet = Some(fleet);
            visit.checks.push(match caution {
                None => Check::ok("API key", "valid"),
                Some(caution) => {
                    Check::warning("API key", format!("valid, but {}", caution.finding), caution.fix)
                }
            });
        }
        Err(failure) => visit.checks.push(finding("API key", &failure)),
    }
    Ok(visit)
}

fn reached(server: &Server) -> Check {
    if server.exposes_key() {
        Check::warning(
            "control plane",
            format!("{server} answers, over plain http: the API key crosses the network unencrypted"),
            "put a TLS proxy in front of it and give --server https://…, or tunnel: ssh -L 8080:127.0.0.1:8080 HOST",
        )
    } else {
        Check::ok("control plane", format!("{server} answers"))
    }
}

/// A failure's first line is the finding, the others are the next step.
fn finding(name: &'static str, failure: &Failure) -> Check {
    let text = failure.to_string();
    let (what, next_step) = text.split_once('\n').unwrap_or((&text, "portctl sensors shows the same error"));
    let next_step = next_step.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Check::missing(name, what, next_step)
}
