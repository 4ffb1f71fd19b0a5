//! `portctl policy replay`: what changed policies make of traffic that was, beside what those in force make of it.

mod capture;
mod stored;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::json;

use crate::{
    cli::{Connection, Replay},
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows, terminal::Tone},
};

const COLUMNS: &[Column] = &[
    Column::whole("CHANGE"),
    Column::whole("COUNT"),
    Column::whole("POLICY"),
    Column::whole("ACTOR").spare(2),
    Column::whole("METHOD").spare(1),
    Column::cut("HOST", 10).spare(3),
    Column::cut("URL", 12),
];

/// What tells one event from another over two runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Finding {
    policy: String,
    actor: String,
    method: String,
    #[serde(default)]
    host: Option<String>,
    url: String,
    #[serde(default)]
    event_type: String,
}

/// How often each was found.
type Findings = BTreeMap<Finding, u64>;

/// What two sets of policies found in the same traffic.
struct Both {
    before: Findings,
    after: Findings,
}

pub(super) fn run(
    connection: &Connection,
    replay: &Replay,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let Both { before, after } = if replay.captures.is_empty() {
        stored::run(connection, replay, output)?
    } else {
        capture::run(replay, output)?
    };
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let mut totals = [0_u64; 3];
    let [new, gone, same] = &mut totals;
    let all: std::collections::BTreeSet<&Finding> = before.keys().chain(after.keys()).collect();
    for finding in all {
        let count = |of: &Findings| of.get(finding).copied().unwrap_or_default();
        let (was, is) = (count(&before), count(&after));
        *same += was.min(is);
        let (change, tone, difference) = if is > was {
            *new += is - was;
            ("new", Tone::Bad, is - was)
        } else if was > is {
            *gone += was - is;
            ("gone", Tone::Good, was - is)
        } else {
            continue;
        };
        let document = json!({
            "change": change,
            "count": difference,
            "policy": finding.policy,
            "actor": finding.actor,
            "method": finding.method,
            "host": finding.host,
            "url": finding.url,
            "eventType": finding.event_type,
        });
        rows.row(&document, || {
            vec![
                (change.to_owned(), Some(tone)),
                (difference.to_string(), None),
                (finding.policy.clone(), None),
                (finding.actor.clone(), None),
                (finding.method.clone(), None),
                (finding.host.clone().unwrap_or_default(), None),
                (finding.url.clone(), None),
            ]
        })?;
    }
    rows.end()?;
    output.note(&format!("{new} events would be new, {gone} would vanish, {same} stay"));
    Ok(Outcome::Done)
}
