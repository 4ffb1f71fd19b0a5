use serde_json::{Map, Value, json};

use super::{COLUMNS, fields};
use crate::{
    cli::{Create, CreateTerms},
    client::Client,
    commands::{issues, listed},
    failure::{Failure, Outcome},
    output::{Format, Output},
    reply::CreatedTickets,
};

pub(super) fn run(client: &Client, what: &Create, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let (kind, ids, filter, terms) = match what {
        Create::Issues { ids, filter, terms } => (&ISSUES, ids, issues::keys(filter), terms),
        Create::Events { ids, filter, terms } => (&EVENTS, ids, filter.request(), terms),
    };
    let Some(mut request) = selection(client, kind, ids, filter, terms, output)? else {
        return Ok(Outcome::Failed);
    };
    request.extend(terms.integration.as_ref().map(|name| ("integration".to_owned(), json!(name))));
    if terms.again {
        request.insert("again".to_owned(), json!(true));
    }
    request.insert("waitSeconds".to_owned(), json!(terms.wait));
    let reply = client.call(kind.create, &Value::Object(request))?;
    let made: CreatedTickets = client.parse(kind.create, reply.clone())?;
    let CreatedTickets { selected, existing, created, failed, queued, .. } = made;
    match output.format {
        Format::Table => {
            listed::show(client, kind.create, made.tickets, COLUMNS, output, fields)?;
            output.note(&format!(
                "{created} made, {existing} there already, {failed} refused, {queued} to be made"
            ));
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    let asked = if ids.is_empty() { selected } else { unique(ids).len() as u64 };
    let missing = asked.saturating_sub(selected);
    if missing > 0 {
        output.note(&format!("{missing} of the ids are of no {}", kind.people));
    }
    let done = usize::try_from(existing + created).unwrap_or(usize::MAX);
    Ok(Outcome::of(done, usize::try_from(asked).unwrap_or(usize::MAX)))
}

struct Kind {
    people: &'static str,
    list: &'static str,
    create: &'static str,
    ids: &'static str,
}

const ISSUES: Kind =
    Kind { people: "issues", list: "fetchIssues", create: "createTicketsForIssues", ids: "issueIds" };
const EVENTS: Kind = Kind {
    people: "events",
    list: "fetchSuspectSampleData",
    create: "createTicketsForEvents",
    ids: "eventIds",
};

/// `None` where what the filter lists was only counted.
fn selection(
    client: &Client,
    kind: &Kind,
    ids: &[String],
    filter: Map<String, Value>,
    terms: &CreateTerms,
    output: &mut Output<'_>,
) -> Result<Option<Map<String, Value>>, Failure> {
    let people = kind.people;
    match (ids.is_empty(), filter.is_empty()) {
        (true, true) => Err(Failure::Usage(format!(
            "which {people}? name their ids, or a filter as for `portctl {people}` lists them"
        ))),
        (false, false) => Err(Failure::Usage("ids go without a filter".to_owned())),
        (false, true) => Ok(Some(Map::from_iter([(kind.ids.to_owned(), json!(unique(ids)))]))),
        (true, false) if terms.yes => Ok(Some(filter)),
        (true, false) => {
            let mut count = filter;
            count.insert("limit".to_owned(), json!(0));
            let found = client.call(kind.list, &Value::Object(count))?;
            let total = found.get("total").and_then(Value::as_u64).unwrap_or_default();
            output.note(&format!(
                "{total} {people} are like that; nothing was made. With --yes they get a ticket each"
            ));
            Ok(None)
        }
    }
}

fn unique(ids: &[String]) -> Vec<&String> {
    let mut ids: Vec<_> = ids.iter().collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
