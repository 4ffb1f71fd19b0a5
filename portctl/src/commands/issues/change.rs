use serde_json::{Map, Value, json};

use super::{LIST, keys};
use crate::{
    cli::Chosen,
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output},
    reply::{IssueList, UpdatedIssues},
};

const UPDATE: &str = "bulkUpdateIssueStatus";

/// One change for all ids, or for exactly what the filter lists.
pub(super) fn run(
    client: &Client,
    chosen: &Chosen,
    terms: Value,
    done: &str,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let Some(mut request) = selection(client, chosen, done, output)? else { return Ok(Outcome::Failed) };
    let asked = request.get("issueIds").and_then(Value::as_array).map(Vec::len);
    if let Value::Object(terms) = terms {
        request.extend(terms);
    }
    let reply = client.call(UPDATE, &Value::Object(request))?;
    let updated = client.parse::<UpdatedIssues>(UPDATE, reply.clone())?.updated_count;
    match output.format {
        Format::Table => output.note(&format!("{updated} issues are {done}")),
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    let updated = usize::try_from(updated).unwrap_or(usize::MAX);
    let outcome = Outcome::of(updated, asked.unwrap_or(updated));
    if outcome != Outcome::Done && output.format == Format::Table {
        output.note("the others do not exist, or were so already");
    }
    Ok(outcome)
}

/// `None` where the filter's issues were only counted.
fn selection(
    client: &Client,
    chosen: &Chosen,
    done: &str,
    output: &mut Output<'_>,
) -> Result<Option<Map<String, Value>>, Failure> {
    let filter = keys(&chosen.filter);
    let mut ids = chosen.ids.clone();
    ids.sort_unstable();
    ids.dedup();
    match (ids.is_empty(), filter.is_empty()) {
        (true, true) => Err(Failure::Usage(
            "which issues? name their ids, or a filter as for `portctl issues list` (--check, --host, …)"
                .to_owned(),
        )),
        (false, false) => Err(Failure::Usage("ids go without a filter".to_owned())),
        (false, true) => Ok(Some(Map::from_iter([("issueIds".to_owned(), json!(ids))]))),
        (true, false) if chosen.yes => Ok(Some(filter)),
        (true, false) => {
            let mut count = filter;
            count.insert("limit".to_owned(), json!(0));
            let found: IssueList = client.call_for(LIST, &Value::Object(count))?;
            output.note(&format!(
                "{} issues are like that; nothing was changed. With --yes they are {done}",
                found.total
            ));
            Ok(None)
        }
    }
}
