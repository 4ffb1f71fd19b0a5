use std::path::Path;

use anyhow::anyhow;
use portcullis_detection::PolicySet;
use sensor_user::policies::{self, Loaded};

use super::{exit::Failure, terminal};

/// The policies to judge by. Each bad one is told with its place; only where none is left there is nothing to do.
pub(crate) fn load(folder: Option<&Path>) -> Result<PolicySet, Failure> {
    load_to_follow(folder).map(|loaded| loaded.set)
}

/// The same, with the folder that they come from.
pub(crate) fn load_to_follow(folder: Option<&Path>) -> Result<Loaded, Failure> {
    let loaded = policies::load(folder).map_err(Failure::usage)?;
    for error in &loaded.errors {
        terminal::note(format_args!("error: {error}"));
    }
    if loaded.set.is_empty() {
        return Err(Failure::usage(anyhow!("no policy is left to judge by; correct the errors above")));
    }
    Ok(loaded)
}
