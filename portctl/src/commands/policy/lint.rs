use std::path::PathBuf;

use portcullis_detection::PolicyError;
use serde_json::{Value, json};

use super::files;
use crate::{
    failure::{Failure, Outcome},
    output::{Column, Format, Output, Table, rows::Rows, table::Field, terminal::Tone},
};

const COLUMNS: &[Column] = &[Column::whole("PLACE"), Column::whole("ERROR"), Column::whole("DID YOU MEAN")];

pub(super) fn run(paths: &[PathBuf], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let read = files::read(paths)?;
    let mut rows = Rows::new(output, Table::with_tall_rows(COLUMNS));
    for error in &read.errors {
        rows.row(&document(error), || fields(error))?;
    }
    rows.end()?;
    let (good, all) = (read.set.len(), read.files);
    if output.format == Format::Table {
        for policy in read.set.iter().filter(|policy| policy.examples.matching.is_empty()) {
            output.note(&format!(
                "{}: {} has no examples that match, so nothing tests it",
                policy.file, policy.id
            ));
        }
        output.note(&format!("{good} of {all} files are good"));
    }
    Ok(Outcome::of(good, all))
}

fn fields(error: &PolicyError) -> Vec<Field> {
    let place = error.place();
    let place = match place.line {
        0 => error.file().to_owned(),
        line => format!("{}:{line}:{}", error.file(), place.column),
    };
    let meant = error.suggestion().unwrap_or_default().to_owned();
    vec![(place, None), (error.message().to_owned(), Some(Tone::Bad)), (meant, None)]
}

fn document(error: &PolicyError) -> Value {
    json!({
        "file": error.file(),
        "line": error.place().line,
        "column": error.place().column,
        "message": error.message(),
        "suggestion": error.suggestion(),
    })
}
