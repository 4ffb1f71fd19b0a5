//! `portctl policy`: checks and trials here, and what the control plane has and sends to sensors.

mod explain;
mod files;
mod lint;
mod replay;
mod request;
mod saved;
mod test;
mod trial;

use super::connect;
use crate::{
    cli::{Connection, PolicyVerb},
    failure::{Failure, Outcome},
    output::Output,
};

pub(super) use self::saved::{read, tell};

pub(super) fn run(
    connection: &Connection,
    verb: &PolicyVerb,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    match verb {
        PolicyVerb::Lint { paths } => lint::run(paths, output),
        PolicyVerb::Test { paths, since: None, sample: None } => test::run(paths, output),
        PolicyVerb::Test { paths, since, sample } => {
            trial::run(&connect(connection, output)?, paths, *since, sample.as_deref(), output)
        }
        PolicyVerb::Explain(explain) => explain::run(explain, output),
        PolicyVerb::Replay(replay) => replay::run(connection, replay, output),
        PolicyVerb::List
        | PolicyVerb::Show { .. }
        | PolicyVerb::Save { .. }
        | PolicyVerb::Delete(_)
        | PolicyVerb::Restore(_)
        | PolicyVerb::Mode { .. }
        | PolicyVerb::Versions { .. }
        | PolicyVerb::Rollback { .. } => saved::run(&connect(connection, output)?, verb, output),
    }
}
