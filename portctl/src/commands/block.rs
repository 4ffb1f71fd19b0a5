//! `portctl block`: who is kept out, and until when.

pub(super) mod change;
mod list;

use super::import;
use crate::{
    cli::Block as Verb,
    client::Client,
    failure::{Failure, Outcome},
    output::Output,
};

pub(super) fn run(client: &Client, verb: &Verb, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    match verb {
        Verb::Add { cidrs, terms, wait } => change::add(client, cidrs, terms, wait, output),
        Verb::Import { import, terms, wait } => {
            import::run(client, import, &import::BLOCKS, change::request(terms), wait, output)
        }
        Verb::Rm { cidrs, wait } => change::remove(client, cidrs, wait, output),
        Verb::List { search, covers, limit } => list::run(client, search.as_deref(), *covers, *limit, output),
    }
}
