use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sensor_user::enforce;

use super::{
    exit::{Exit, Failure},
    terminal,
};

#[derive(Args)]
pub(crate) struct DetachArgs {
    /// Where the sensor pinned its maps and links
    #[arg(long, value_name = "DIR", default_value = enforce::DEFAULT_PIN_DIR)]
    pin_dir: PathBuf,
}

pub(crate) fn detach(args: &DetachArgs) -> Result<Exit, Failure> {
    let removed = enforce::detach(&args.pin_dir).context("not everything could be taken away")?;
    match removed.as_slice() {
        [] => terminal::note(format_args!("nothing was left in the kernel")),
        removed => removed.iter().for_each(|what| terminal::note(format_args!("removed: {what}"))),
    }
    Ok(Exit::Done)
}
