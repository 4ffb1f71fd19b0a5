use std::path::Path;

use anyhow::anyhow;
use portcullis_detection::{Mode, PolicySet};
use sensor_user::policies;

use super::{exit::Failure, terminal};

/// The policies to judge by. Each bad one is told with its place; only where none is left there is nothing to do.
pub(crate) fn load(folder: Option<&Path>) -> Result<PolicySet, Failure> {
    let loaded = policies::load(folder).map_err(Failure::usage)?;
    for error in &loaded.errors {
        terminal::note(format_args!("error: {error}"));
    }
    if loaded.set.is_empty() {
        return Err(Failure::usage(anyhow!("no policy is left to judge by; correct the errors above")));
    }
    for policy in loaded.set.iter().filter(|policy| policy.mode == Mode::Block) {
        terminal::note(format_args!(
            "note: policy {} asks to block by itself, which this version does not do; it raises events, and Block IP \
             in the console blocks",
            policy.id
        ));
    }
    Ok(loaded.set)
}
