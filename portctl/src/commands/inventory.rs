//! `portctl inventory`: the endpoints that sensors learned from traffic.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    cli::Inventory,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, when},
    reply::{InventoryEndpoint, InventoryList},
};

const LIST: &str = "fetchInventory";
/// What one call may ask for.
const PAGE: u32 = 1_000;

const COLUMNS: &[Column] = &[
    Column::whole("METHOD"),
    Column::cut("HOST", 8).spare(2),
    Column::cut("TEMPLATE", 16),
    Column::whole("REQUESTS"),
    Column::whole("STATUSES").spare(3),
    Column::cut("AUTH", 8).spare(1),
    Column::cut("SENSITIVE", 9).spare(6),
    Column::cut("PARAMETERS", 10).spare(4),
    Column::whole("LAST SEEN").spare(5),
];

pub(super) fn run(client: &Client, asked: &Inventory, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    let mut skip = 0;
    loop {
        let limit = asked.limit.saturating_sub(skip).min(PAGE);
        if limit == 0 {
            break;
        }
        let request = json!({
            "hosts": asked.host,
            "method": asked.method,
            "searchText": asked.search.as_deref().unwrap_or_default(),
            "startTimestamp": asked.since.unwrap_or(0),
            "skip": skip,
            "limit": limit,
        });
        let list: InventoryList = client.call_for(LIST, &request)?;
        let came = u32::try_from(list.endpoints.len()).unwrap_or(u32::MAX);
        for row in list.endpoints {
            let endpoint: InventoryEndpoint = client.parse(LIST, row.clone())?;
            rows.row(&row, || fields(&endpoint))?;
        }
        skip += came;
        if came < limit {
            break;
        }
    }
    if rows.end()? == 0 && output.format == Format::Table {
        output.note("no endpoint yet: sensors tell of one a few seconds after its first successful answer");
    }
    Ok(Outcome::Done)
}

fn fields(endpoint: &InventoryEndpoint) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    let names: Vec<_> =
        endpoint.parameters.iter().map(|one| format!("{}:{}", one.name, one.types.join("|"))).collect();
    vec![
        plain(&endpoint.method),
        plain(&endpoint.host),
        plain(&endpoint.template),
        plain(&endpoint.requests.to_string()),
        plain(&shares(&endpoint.statuses)),
        plain(&endpoint.auth.keys().cloned().collect::<Vec<_>>().join(",")),
        plain(&sensitive(endpoint)),
        plain(&names.join(" ")),
        plain(&when::stamp(endpoint.last_seen)),
    ]
}

/// `takes card; gives email,iban`
fn sensitive(endpoint: &InventoryEndpoint) -> String {
    let told = [("takes", &endpoint.sensitive_in_requests), ("gives", &endpoint.sensitive_in_responses)];
    let some = told.into_iter().filter(|(_, kinds)| !kinds.is_empty());
    some.map(|(verb, kinds)| format!("{verb} {}", kinds.join(","))).collect::<Vec<_>>().join("; ")
}

/// `2xx 97% 4xx 3%`
fn shares(statuses: &BTreeMap<String, u64>) -> String {
    let all: u64 = statuses.values().sum();
    let mut classes: BTreeMap<char, u64> = BTreeMap::new();
    for (status, count) in statuses {
        *classes.entry(status.chars().next().unwrap_or('0')).or_default() += count;
    }
    let share = |(class, count): (&char, &u64)| {
        let percent = (count * 100 + all / 2) / all.max(1);
        let class = if *class == '0' { "other".to_owned() } else { format!("{class}xx") };
        format!("{class} {percent}%")
    };
    classes.iter().map(share).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_data_is_told_by_direction() {
        let reply = serde_json::json!({
            "method": "GET", "host": "h", "template": "/", "requests": 1, "statuses": {}, "auth": {},
            "parameters": [], "sensitiveInRequests": ["card"], "sensitiveInResponses": ["email", "iban"], "lastSeen": 0,
        });
        let endpoint: InventoryEndpoint = serde_json::from_value(reply).unwrap();
        assert_eq!(sensitive(&endpoint), "takes card; gives email,iban");
    }

    #[test]
    fn statuses_are_told_by_class() {
        let statuses =
            [("200", 90), ("201", 6), ("404", 4)].map(|(status, count)| (status.to_owned(), count));
        assert_eq!(shares(&statuses.into()), "2xx 96% 4xx 4%");
        assert_eq!(shares(&BTreeMap::new()), "");
    }
}
