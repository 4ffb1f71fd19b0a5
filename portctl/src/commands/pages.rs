use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field},
};

/// What one request may ask for.
const PAGE: u32 = 1_000;

/// A list that comes in pages, by `skip` and `limit`. Named by its call, by its key in the reply and for people.
pub(super) fn pages<T: DeserializeOwned>(
    client: &Client,
    (call, key, people): (&'static str, &str, &str),
    mut request: Map<String, Value>,
    most: u32,
    columns: &'static [Column],
    output: &mut Output<'_>,
    fields: impl Fn(&T) -> Vec<Field>,
) -> Result<Outcome, Failure> {
    let mut rows = Rows::new(output, Table::new(columns));
    let mut shown = 0;
    let total = loop {
        let limit = PAGE.min(most - shown);
        request.insert("skip".to_owned(), json!(shown));
        request.insert("limit".to_owned(), json!(limit));
        let mut reply = client.call(call, &Value::Object(request.clone()))?;
        let total = reply.get("total").and_then(Value::as_u64).unwrap_or_default();
        let page = reply.get_mut(key).map(Value::take).unwrap_or_default();
        let page: Vec<Value> = client.parse(call, page)?;
        let count = u32::try_from(page.len()).unwrap_or(u32::MAX).min(limit);
        for row in page.into_iter().take(count as usize) {
            let parsed: T = client.parse(call, row.clone())?;
            rows.row(&row, || fields(&parsed))?;
        }
        shown += count;
        if count < limit || shown >= most {
            break total;
        }
    };
    rows.end()?;
    if output.format == Format::Table {
        match (total, shown) {
            (0, _) => output.note(&format!("no {people} are like that")),
            (total, shown) if total > u64::from(shown) => {
                output.note(&format!("{shown} of {total} {people}; --limit N shows more"));
            }
            _ => {}
        }
    }
    Ok(Outcome::Done)
}
