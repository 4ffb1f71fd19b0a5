use std::path::PathBuf;

use portcullis_detection::{Engine, Example, Policy};
use serde_json::json;

use super::files;
use crate::{
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, terminal::Tone},
};

const COLUMNS: &[Column] = &[Column::whole("POLICY"), Column::whole("MATCH"), Column::whole("NO MATCH")];

/// Examples that went against what they are listed under.
struct Tested<'p> {
    policy: &'p Policy,
    missed: Vec<&'p str>,
    accused: Vec<&'p str>,
}

pub(super) fn run(paths: &[PathBuf], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let set = files::usable(paths, output)?;
    let engine = Engine::new(set.clone());
    let tested: Vec<_> = set.iter().map(|policy| test(&engine, policy)).collect();
    let mut rows = Rows::new(output, Table::new(COLUMNS));
    for one in &tested {
        let examples = &one.policy.examples;
        let counts = [(examples.matching.len(), &one.missed), (examples.benign.len(), &one.accused)];
        let document = json!({
            "policy": &*one.policy.id,
            "file": &*one.policy.file,
            "match": counts[0].0,
            "noMatch": counts[1].0,
            "missed": one.missed,
            "accused": one.accused,
        });
        rows.row(&document, || {
            let count = |(all, wrong): &(usize, &Vec<&str>)| {
                let tone = if wrong.is_empty() { Tone::Good } else { Tone::Bad };
                (format!("{}/{all}", all - wrong.len()), (*all > 0).then_some(tone))
            };
            let [matching, benign] = &counts;
            vec![(one.policy.id.to_string(), None), count(matching), count(benign)]
        })?;
    }
    rows.end()?;
    if output.format == Format::Table {
        for one in &tested {
            let id = &one.policy.id;
            for text in &one.missed {
                output.note(&format!("{id} misses an example that it should match:\n{text}\n"));
            }
            for text in &one.accused {
                output.note(&format!("{id} matches an example that it should not:\n{text}\n"));
            }
            if one.policy.examples.matching.is_empty() {
                output.note(&format!("{id} has no examples that match, so nothing tests it"));
            }
        }
        output.note("ask why with: portctl policy explain --policy ID REQUEST");
    }
    let good = tested.iter().filter(|one| one.missed.is_empty() && one.accused.is_empty()).count();
    Ok(Outcome::of(good, tested.len()))
}

fn test<'p>(engine: &Engine, policy: &'p Policy) -> Tested<'p> {
    let wrong = |examples: &'p [Example], should_match: bool| -> Vec<&'p str> {
        let matches = |example: &Example| engine.matching(&example.exchange).contains(&policy.id);
        let wrong = examples.iter().filter(|example| matches(example) != should_match);
        wrong.map(|example| example.text.as_str()).collect()
    };
    Tested {
        policy,
        missed: wrong(&policy.examples.matching, policy.enabled),
        accused: wrong(&policy.examples.benign, false),
    }
}
