//! `review`, `ignore`, `activate`: one change for all ids.

use serde_json::{Map, Value, json};

use crate::{
    cli::Status,
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output},
    reply::StatusUpdate,
};

const UPDATE: &str = "updateMaliciousEventStatus";

pub(super) fn run(
    client: &Client,
    ids: &[String],
    status: Status,
    reason: Option<&str>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let mut request = Map::new();
    request.insert("eventIds".to_owned(), json!(ids));
    request.insert("status".to_owned(), json!(status.as_str()));
    request.extend(reason.map(|reason| ("reason".to_owned(), json!(reason))));
    let reply = client.call(UPDATE, &Value::Object(request))?;
    let update: StatusUpdate = client.parse(UPDATE, reply.clone())?;
    let (done, asked) = (update.updated_count.min(ids.len()), ids.len());
    match output.format {
        Format::Table => output.text(&format!("{}: {done} of {asked} events\n", status.as_str()))?,
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    if done < asked {
        output.note(&format!(
            "{} of {asked} ids were not found; list what is there with: portctl events",
            asked - done
        ));
    }
    Ok(Outcome::of(done, asked))
}
