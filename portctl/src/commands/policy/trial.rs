//! `portctl policy test` at the control plane: what a policy would find.

use std::path::{Path, PathBuf};

use serde_json::{Map, json};

use super::{super::listed, saved::read};
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output},
    reply::{Trial, TrialMatch},
};

const TEST: &str = "testFilterYamlTemplate";

const COLUMNS: &[Column] = &[
    Column::whole("EVENT"),
    Column::whole("ACTOR"),
    Column::whole("METHOD"),
    Column::cut("URL", 12),
    Column::whole("TYPE").spare(1),
    Column::cut("MATCHED", 12).spare(2),
];

pub(super) fn run(
    client: &Client,
    paths: &[PathBuf],
    since: Option<i64>,
    sample: Option<&Path>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let [path] = paths else {
        return Err(Failure::Usage(
            "a trial at the control plane is of one policy: name one file".to_owned(),
        ));
    };
    let mut request = Map::from_iter([("content".to_owned(), json!(read(path)?))]);
    request.extend(since.map(|since| ("startTs".to_owned(), json!(since))));
    if let Some(sample) = sample {
        request.insert("sample".to_owned(), json!(read(sample)?));
    }
    let trial: Trial = client.call_for(TEST, &json!(request))?;
    listed::show(client, TEST, trial.matches, COLUMNS, output, |one: &TrialMatch| {
        let matched = one.matched.iter().map(|at| format!("{}: {}", at.location, at.phrase));
        let plain = |text: &str| (text.to_owned(), None);
        // Of a pasted exchange there is no event.
        let of = |text: &Option<String>| plain(text.as_deref().unwrap_or_default());
        vec![
            of(&one.event_id),
            of(&one.actor),
            of(&one.method),
            of(&one.url),
            plain(&one.event_type),
            plain(&matched.collect::<Vec<_>>().join(", ")),
        ]
    })?;
    if output.format == Format::Table {
        output.note(&format!("{} of {} exchanges match", trial.matching, trial.evaluated));
        if trial.is_cut {
            output.note(&format!(
                "{} stored events were asked for: only the newest were looked at",
                trial.total
            ));
        }
    }
    Ok(Outcome::Done)
}
