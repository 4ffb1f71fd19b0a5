//! `portctl notify log`.

use serde_json::json;

use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Output, Table, rows::Rows, table::Field, terminal::Tone, when},
    reply::{NotifyAttempt, NotifyLog},
};

const LOG: &str = "fetchNotifyLog";

const COLUMNS: &[Column] = &[
    Column::whole("AT"),
    Column::cut("TARGET", 8),
    Column::whole("OUTCOME"),
    Column::whole("ATTEMPT"),
    Column::whole("EVENTS").spare(2),
    Column::whole("MS").spare(1),
    Column::cut("ANSWER", 12),
    Column::whole("ID").spare(3),
];

pub(super) fn run(
    client: &Client,
    name: Option<&str>,
    limit: u64,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let log: NotifyLog = client.call_for(LOG, &json!({ "name": name, "limit": limit }))?;
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    for row in log.entries {
        let attempt: NotifyAttempt = client.parse(LOG, row.clone())?;
        rows.row(&row, || fields(&attempt))?;
    }
    let shown = rows.end()?;
    if log.next.is_some() {
        output.note(&format!("{shown} attempts; there are older ones (--limit)"));
    }
    Ok(Outcome::Done)
}

fn fields(attempt: &NotifyAttempt) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let tone = (attempt.outcome != "delivered").then_some(Tone::Bad);
    let number = if attempt.is_test { "test".to_owned() } else { attempt.attempt.to_string() };
    vec![
        plain(&when::stamp(attempt.at)),
        plain(&attempt.name),
        (attempt.outcome.clone(), tone),
        plain(&number),
        plain(&attempt.count.to_string()),
        plain(&attempt.took_ms.to_string()),
        plain(&attempt.detail),
        plain(&attempt.id),
    ]
}
