//! The list, page by page. The first page's newest row bounds the others, so that events which arrive meanwhile push
//! no row onto a page twice.

use serde_json::{Value, json};

use super::{LIST, severity_tone};
use crate::{
    cli::EventFilter,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, terminal::Tone, when},
    reply::{Event, EventPage},
};

/// What one request may ask for.
pub(super) const PAGE: u32 = 1000;
const DEFAULT_LIMIT: u32 = 50;

pub(super) const COLUMNS: &[Column] = &[
    Column::whole("TIME").spare(4),
    Column::whole("ID"),
    Column::whole("SEVERITY"),
    Column::whole("ACTOR"),
    Column::whole("COUNTRY").spare(8),
    Column::cut("POLICY", 12).spare(2),
    Column::whole("METHOD").spare(5),
    Column::cut("HOST", 10).spare(6),
    Column::cut("URL", 12).spare(1),
    Column::whole("EXPLOIT").spare(3),
    Column::whole("STATUS").spare(7),
];

pub(super) fn run(
    client: &Client,
    filter: &EventFilter,
    limit: Option<u32>,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let most = limit.unwrap_or(DEFAULT_LIMIT);
    let mut request = filter.request();
    request.insert("sort".to_owned(), json!({"detectedAt": -1}));
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let mut shown = 0;
    let total = loop {
        let limit = PAGE.min(most - shown);
        request.insert("skip".to_owned(), json!(shown));
        request.insert("limit".to_owned(), json!(limit));
        let page: EventPage = client.call_for(LIST, &Value::Object(request.clone()))?;
        let count = u32::try_from(page.malicious_events.len()).unwrap_or(u32::MAX);
        for row in page.malicious_events.into_iter().take(limit as usize) {
            let event: Event = client.parse(LIST, row.clone())?;
            request.entry("endTimestamp").or_insert_with(|| json!(event.timestamp));
            rows.row(&row, || fields(&event))?;
        }
        shown += count.min(limit);
        if count < limit || shown >= most {
            break page.total;
        }
    };
    rows.end()?;
    tell(total, shown, output);
    Ok(Outcome::Done)
}

pub(super) fn fields(event: &Event) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&when::stamp(event.timestamp)),
        plain(&event.id),
        (event.severity.clone(), severity_tone(&event.severity)),
        plain(&event.actor),
        plain(event.place.name()),
        plain(&event.filter_id),
        plain(&event.method),
        plain(event.host.as_deref().unwrap_or_default()),
        plain(&event.url),
        if event.successful_exploit { ("yes".to_owned(), Some(Tone::Bad)) } else { plain("no") },
        plain(&event.status),
    ]
}

fn tell(total: u64, shown: u32, output: &mut Output<'_>) {
    if output.format != Format::Table {
        return;
    }
    if total == 0 {
        output.note(
            "no event fits (a new sensor needs traffic first; portctl doctor says whether it sees any)",
        );
    } else if total > u64::from(shown) {
        output.note(&format!("{shown} of {total} events; --limit N shows more"));
    } else {
        output.note(&format!("{total} in all; portctl events show ID shows one"));
    }
}
