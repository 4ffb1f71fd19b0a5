//! `portctl apis`: endpoints under attack.

use serde_json::{Map, json};

use super::pages::pages;
use crate::{
    cli::Apis,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, when},
    reply::Api,
};

const LIST: &str = "fetchThreatApis";

const COLUMNS: &[Column] = &[
    Column::whole("METHOD"),
    Column::cut("HOST", 10).spare(1),
    Column::cut("URL", 12),
    Column::whole("REQUESTS"),
    Column::whole("ACTORS"),
    Column::whole("LAST ATTACKED"),
];

pub(super) fn run(client: &Client, asked: &Apis, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let mut request = Map::new();
    request.insert("startTs".to_owned(), json!(asked.since.unwrap_or(0)));
    request.insert("endTs".to_owned(), json!(asked.until.unwrap_or(0)));
    request.insert("sort".to_owned(), json!({ asked.sort.as_str(): -1 }));
    request.insert("latestAttack".to_owned(), json!(asked.policy));
    pages(client, (LIST, "apis", "endpoints"), request, asked.limit, COLUMNS, output, |api: &Api| {
        [
            api.method.clone(),
            api.host.clone().unwrap_or_default(),
            api.api.clone(),
            api.requests_count.to_string(),
            api.actors_count.to_string(),
            when::stamp(api.discovered_at),
        ]
        .map(|text| (text, None))
        .into()
    })
}
