//! Many at once from a file or standard input, in calls of a bounded size. What is wrong with a line holds up no other.

mod lines;
mod parse;

use std::io::IsTerminal as _;

use serde_json::{Map, Value, json};

use self::{lines::Lines, parse::Parser};
use super::pushed;
use crate::{
    cli::{ImportSource, Wait},
    client::Client,
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows},
    reply::{Imported, Pushed},
};

/// The most entries that one call takes.
const BATCH: usize = 10_000;

/// Into which list.
pub(super) struct Into {
    endpoint: &'static str,
    key: &'static str,
}

pub(super) const BLOCKS: Into = Into { endpoint: "importBlocks", key: "blocks" };
pub(super) const ALLOWED: Into = Into { endpoint: "importAllowed", key: "allowed" };

#[derive(Default)]
struct Tally {
    lines: u64,
    accepted: u64,
    refused: u64,
    revision: u64,
}

/// `general` holds for every line that does not say otherwise itself.
pub(super) fn run(
    client: &Client,
    import: &ImportSource,
    into: &Into,
    general: Map<String, Value>,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let (mut lines, first) = Lines::open(&import.file)?;
    let mut parser = Parser::of(import.format, &import.file, &first);
    let mut tally = Tally::default();
    let mut stopped = None;
    let mut batch = Vec::with_capacity(BATCH);
    let shows_progress = std::io::stderr().is_terminal();
    loop {
        let line = lines.next()?;
        let is_end = line.is_none();
        if let Some((number, text)) = line {
            match text.and_then(|text| parser.parse(&text)) {
                Ok(None) => continue,
                Ok(Some(entry)) => {
                    tally.lines += 1;
                    batch.push((number, entry));
                }
                Err(problem) => {
                    tally.lines += 1;
                    tally.refused += 1;
                    output.note(&format!("line {number}: {problem}"));
                }
            }
        }
        if batch.len() == BATCH || (is_end && !batch.is_empty()) {
            if let Err(failure) = send(client, import, into, &general, &mut batch, &mut tally, output) {
                stopped = Some((failure, batch.first().map_or(0, |(number, _)| *number)));
                break;
            }
            if shows_progress {
                output.progress(&format!(
                    "{} lines, {} refused{}",
                    tally.lines,
                    tally.refused,
                    lines.share()
                ));
            }
        }
        if is_end {
            break;
        }
    }
    if shows_progress {
        output.progress("");
    }
    if let Some((failure, from)) = stopped {
        if tally.accepted == 0 {
            return Err(failure);
        }
        output.note(&format!("portctl: {failure}"));
        output.note(&format!(
            "stopped before line {from}: what comes before it is done, from there on nothing is"
        ));
        tally.refused += 1;
    }
    let is_in_force = finish(client, import, &tally, wait, output)?;
    Ok(match Outcome::of(usize::from(tally.accepted > 0), usize::from(tally.lines > 0)) {
        Outcome::Done if tally.refused > 0 || !is_in_force => Outcome::Partly,
        outcome => outcome,
    })
}

/// Empties the batch where it was taken.
fn send(
    client: &Client,
    import: &ImportSource,
    into: &Into,
    general: &Map<String, Value>,
    batch: &mut Vec<(u64, Value)>,
    tally: &mut Tally,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let entries: Vec<_> = batch.iter().map(|(_, entry)| entry).collect();
    let mut request = general.clone();
    request.insert(into.key.to_owned(), json!(entries));
    request.insert("dryRun".to_owned(), json!(import.dry_run));
    let imported: Imported = client.call_for(into.endpoint, &Value::Object(request))?;
    for problem in &imported.problems {
        let number = batch.get(problem.index).map_or(0, |(number, _)| *number);
        output.note(&format!("line {number}: {}", problem.problem));
    }
    tally.accepted += imported.accepted;
    tally.refused += imported.problems.len() as u64;
    tally.revision = imported.revision;
    batch.clear();
    Ok(())
}

/// Shows what came of it; whether it is where it was to be.
fn finish(
    client: &Client,
    import: &ImportSource,
    tally: &Tally,
    wait: &Wait,
    output: &mut Output<'_>,
) -> Result<bool, Failure> {
    const AWAIT: &str = "awaitRevision";
    let mut reply = json!({
        "lines": tally.lines,
        "accepted": tally.accepted,
        "refused": tally.refused,
        "revision": tally.revision,
        "dryRun": import.dry_run,
    });
    let mut pushed: Option<Pushed> = None;
    if wait.wait && !import.dry_run && tally.accepted > 0 {
        let mut request = Map::from_iter([("revision".to_owned(), json!(tally.revision))]);
        pushed::ask(wait, &mut request);
        let answer = client.call(AWAIT, &Value::Object(request))?;
        pushed = Some(client.parse(AWAIT, answer.clone())?);
        if let (Some(reply), Value::Object(answer)) = (reply.as_object_mut(), answer) {
            reply.extend(answer);
        }
    }
    const COLUMNS: &[Column] = &[
        Column::whole("LINES"),
        Column::whole("ACCEPTED"),
        Column::whole("REFUSED"),
        Column::whole("REVISION"),
        Column::whole("SENSORS"),
    ];
    match output.format {
        Format::Table => {
            let sensors = match &pushed {
                Some(pushed) => pushed::sensors(pushed, wait),
                None if import.dry_run => ("dry run: nothing changed".to_owned(), None),
                None => ("not waited for".to_owned(), None),
            };
            let counts = [tally.lines, tally.accepted, tally.refused, tally.revision];
            let mut rows = Rows::new(output, Table::new(COLUMNS));
            let mut fields: Vec<_> = counts.iter().map(|count| (count.to_string(), None)).collect();
            fields.push(sensors);
            rows.row(&reply, || fields)?;
            rows.end()?;
        }
        Format::Json | Format::Jsonl => output.document(&reply)?,
    }
    let short = pushed.map(|pushed| pushed::shortfall("the import", &pushed)).unwrap_or_default();
    short.iter().for_each(|note| output.note(note));
    Ok(short.is_empty())
}
