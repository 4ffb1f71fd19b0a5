//! `review`, `ignore`, `activate`: one change for all ids.

use serde_json::{Value, json};

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
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    let reply: Value = client.call(UPDATE, &json!({"eventIds": ids, "status": status.as_str()}))?;
    let update: StatusUpdate = client.parse(UPDATE, reply.clone())?;
    let (done, asked) = (update.updated_count.min(ids.len()), ids.len());
    match output.format {
        Format::Table => output.text(&format!("{done} of {asked} events are now {}\n", status.as_str()))?,
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    if done < asked {
        let message = update.update_message.filter(|message| !message.is_empty());
        output.note(&format!(
            "{} of {asked} ids were not found{}; list what is there with: portctl events",
            asked - done,
            message.map(|message| format!(" ({message})")).unwrap_or_default(),
        ));
    }
    Ok(Outcome::of(done, asked))
}
