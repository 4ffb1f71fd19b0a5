//! `portctl block`: each address is a change of its own, so that one refusal does not hold up the others.

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::{
    cli::Block as Verb,
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, terminal::Tone, when},
    reply::{Applied, Block, Pushed},
};

const ADD: &str = "addBlock";
const LIST: &str = "fetchBlocklist";
const REMOVE: &str = "removeBlock";

const COLUMNS: &[Column] = &[
    Column::whole("CIDR"),
    Column::whole("ENDS"),
    Column::whole("SENSORS").spare(2),
    Column::whole("DROPPED").spare(3),
    Column::cut("REASON", 10).spare(1),
    Column::cut("AUTHOR", 6).spare(4),
    Column::whole("SINCE").spare(5),
];

pub(super) fn run(client: &Client, verb: &Verb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Verb::Add { cidrs, ttl, permanent, reason } => {
            let request = |cidr: &IpNet| {
                let mut request = Map::new();
                request.insert("cidr".to_owned(), json!(cidr.to_string()));
                request.extend(ttl.map(|ttl| ("ttlSeconds".to_owned(), json!(ttl.as_secs()))));
                request.extend(permanent.then(|| ("permanent".to_owned(), json!(true))));
                request.extend(reason.as_ref().map(|reason| ("reason".to_owned(), json!(reason))));
                Value::Object(request)
            };
            change(client, ADD, cidrs, request, output)
        }
        Verb::Rm { cidrs } => change(client, REMOVE, cidrs, |cidr| json!({"cidr": cidr.to_string()}), output),
        Verb::List => list(client, output),
    }
}

fn change(
    client: &Client,
    endpoint: &'static str,
    cidrs: &[IpNet],
    request: impl Fn(&IpNet) -> Value,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    const CHANGES: &[Column] =
        &[Column::whole("CIDR"), Column::whole("NOW"), Column::whole("SENSORS"), Column::whole("REVISION")];
    let mut notes = Vec::new();
    let mut done = 0;
    let mut stopped = None;
    let mut rows = Rows::new(output, Table::new(CHANGES));
    for cidr in cidrs {
        let reply = match client.call(endpoint, &request(cidr)) {
            Ok(reply) => reply,
            Err(failure @ Failure::Rejected { .. }) => {
                notes.push(format!("{cidr}: {failure}"));
                continue;
            }
            Err(failure) => {
                // What was done so far is shown before the reason why no more was.
                stopped = Some(failure);
                break;
            }
        };
        let pushed: Pushed = client.parse(endpoint, reply.clone())?;
        let block =
            reply.get("block").cloned().map(|block| client.parse::<Block>(endpoint, block)).transpose()?;
        let short = shortfall(cidr, &pushed);
        done += usize::from(short.is_empty());
        notes.extend(short);
        rows.row(&with_cidr(reply, cidr), || {
            let now = block.as_ref().map_or_else(|| "passes".to_owned(), |block| ends(block.expires_at));
            vec![
                (cidr.to_string(), None),
                (now, None),
                sensors(pushed.sensors),
                (pushed.revision.to_string(), None),
            ]
        })?;
    }
    let stored = rows.end()?;
    for note in notes {
        output.note(&note);
    }
    match stopped {
        Some(failure) if stored == 0 => Err(failure),
        Some(failure) => {
            output.note(&format!("portctl: {failure}"));
            Ok(Outcome::Partly)
        }
        // Stored but not applied everywhere is partly done, even where it is the only one.
        None if done == 0 && stored > 0 => Ok(Outcome::Partly),
        None => Ok(Outcome::of(done, cidrs.len())),
    }
}

/// Why a stored change is not in force everywhere.
fn shortfall(cidr: &IpNet, pushed: &Pushed) -> Vec<String> {
    let Applied { total, applied } = pushed.sensors;
    let mut notes: Vec<_> = pushed
        .refusals
        .iter()
        .map(|refusal| format!("{}: sensor {} refused: {}", refusal.cidr, refusal.sensor_id, refusal.reason))
        .collect();
    if total == 0 {
        notes.push(format!(
            "{cidr}: stored, but no sensor is there to apply it\n  \
             start one on each node: sensor run --interface NAME --control-plane URL --join-token FILE"
        ));
    } else if applied < total {
        notes.push(format!(
            "{cidr}: applied by {applied} of {total} sensors so far; see which is behind with: portctl sensors"
        ));
    }
    notes
}

fn list(client: &Client, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let reply = client.call(LIST, &json!({}))?;
    let blocks = reply.get("blocks").cloned().unwrap_or_default();
    let blocks: Vec<Value> = client.parse(LIST, blocks)?;
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    for row in blocks {
        let block: Block = client.parse(LIST, row.clone())?;
        rows.row(&row, || fields(&block))?;
    }
    if rows.end()? == 0 && output.format == Format::Table {
        output.note("nothing is blocked; add one with: portctl block add CIDR");
    }
    Ok(Outcome::Done)
}

fn fields(block: &Block) -> Vec<Field> {
    let plain = |text: &str| (text.to_owned(), None);
    vec![
        plain(&block.cidr),
        plain(&ends(block.expires_at)),
        sensors(block.sensors),
        plain(&format!("{} packets, {} bytes", block.hits.packets, block.hits.bytes)),
        plain(block.reason.as_deref().unwrap_or_default()),
        plain(block.author.as_deref().unwrap_or_default()),
        plain(&when::stamp(block.created_at)),
    ]
}

fn ends(expires_at: Option<i64>) -> String {
    match expires_at {
        None => "permanent".to_owned(),
        Some(at) => match u64::try_from(at - when::now()) {
            Ok(left) => format!("in {}", when::span(left)),
            Err(_) => "ended".to_owned(),
        },
    }
}

fn sensors(Applied { total, applied }: Applied) -> Field {
    let tone = if applied == total && total > 0 { Tone::Good } else { Tone::Caution };
    (format!("{applied}/{total}"), Some(tone))
}

/// `removeBlock` answers without the address; a list of several needs it.
fn with_cidr(mut reply: Value, cidr: &IpNet) -> Value {
    if let Some(reply) = reply.as_object_mut() {
        reply.entry("cidr").or_insert_with(|| json!(cidr.to_string()));
    }
    reply
}
