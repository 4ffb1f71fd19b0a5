//! `portctl actors`: who attacks, and what one of them did.

use serde_json::{Map, Value, json};

use super::pages::pages;
use crate::{
    cli::{Actors, ActorsVerb},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows, table::Field, terminal::Tone, when},
    reply::{Actor, Deed},
};

const LIST: &str = "fetchThreatActors";
const ACTIVITY: &str = "fetchThreatsForActor";

const COLUMNS: &[Column] = &[
    Column::whole("ACTOR"),
    Column::whole("COUNTRY").spare(5),
    Column::whole("EVENTS"),
    Column::cut("LATEST POLICY", 12).spare(2),
    Column::whole("METHOD").spare(4),
    Column::cut("HOST", 10).spare(3),
    Column::cut("URL", 12).spare(1),
    Column::whole("FIRST SEEN").spare(6),
    Column::whole("LAST SEEN"),
    Column::whole("STATUS"),
];

const DEEDS: &[Column] = &[
    Column::whole("TIME"),
    Column::whole("SEVERITY"),
    Column::cut("KIND", 12).spare(2),
    Column::whole("METHOD").spare(3),
    Column::cut("HOST", 10).spare(4),
    Column::cut("URL", 12).spare(1),
];

pub(super) fn run(client: &Client, asked: &Actors, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match &asked.verb {
        None => list(client, asked, output),
        Some(ActorsVerb::Show { actor, limit }) => show(client, actor, *limit, output),
    }
}

fn list(client: &Client, asked: &Actors, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let mut request = Map::new();
    request.insert("startTs".to_owned(), json!(asked.since.unwrap_or(0)));
    request.insert("endTs".to_owned(), json!(asked.until.unwrap_or(0)));
    request.insert("sort".to_owned(), json!({"discoveredAt": -1}));
    for (key, values) in [
        ("actorId", &asked.actor),
        ("latestAttack", &asked.policy),
        ("host", &asked.host),
        ("country", &asked.country),
    ] {
        if !values.is_empty() {
            request.insert(key.to_owned(), json!(values));
        }
    }
    pages(client, (LIST, "actors", "actors"), request, asked.limit, COLUMNS, output, |actor: &Actor| {
        let plain = |text: &str| (text.to_owned(), None);
        let is_blocked = actor.status == "blocked";
        vec![
            plain(&actor.id),
            plain(actor.place.name()),
            plain(&actor.event_count.to_string()),
            plain(&actor.latest_attack),
            plain(&actor.latest_api_method),
            plain(actor.latest_api_host.as_deref().unwrap_or_default()),
            plain(&actor.latest_api_endpoint),
            plain(&when::stamp(actor.first_seen_at)),
            plain(&when::stamp(actor.last_seen_at)),
            (actor.status.clone(), is_blocked.then_some(Tone::Good)),
        ]
    })
}

fn show(client: &Client, actor: &str, limit: u32, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(ACTIVITY, &json!({ "actor": actor, "limit": limit }))?;
    let found: Vec<Value> =
        client.parse(ACTIVITY, reply.get("actorActivities").cloned().unwrap_or_default())?;
    let mut rows = Rows::new(output, Table::new(DEEDS));
    for row in found {
        let deed: Deed = client.parse(ACTIVITY, row.clone())?;
        rows.row(&row, || fields(&deed))?;
    }
    if rows.end()? == 0 {
        output.note(&format!("no event of {actor}; who there is, says: portctl actors"));
        return Ok(Outcome::Failed);
    }
    Ok(Outcome::Done)
}

fn fields(deed: &Deed) -> Vec<Field> {
    let host = deed.host.as_ref().map_or("", String::as_str);
    [
        &when::stamp(deed.detected_at),
        deed.severity.as_str(),
        &deed.sub_category,
        &deed.method,
        host,
        &deed.url,
    ]
    .map(|text| (text.to_owned(), None))
    .into()
}
