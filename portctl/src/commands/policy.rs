//! `portctl policy`: what needs no control plane but for stored events.

mod explain;
mod files;
mod lint;
mod replay;
mod request;
mod test;

use crate::{
    cli::{Connection, PolicyVerb},
    failure::{Failure, Outcome},
    output::Output,
};

pub(super) fn run(
    connection: &Connection,
    verb: &PolicyVerb,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        PolicyVerb::Lint { paths } => lint::run(paths, output),
        PolicyVerb::Test { paths } => test::run(paths, output),
        PolicyVerb::Explain(explain) => explain::run(explain, output),
        PolicyVerb::Replay(replay) => replay::run(connection, replay, output),
    }
}
