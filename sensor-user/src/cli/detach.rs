use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct DetachArgs {
    /// Where the sensor pinned its maps and links
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/portcullis")]
    pin_dir: PathBuf,
}

pub(crate) fn detach(args: &DetachArgs) -> Result<Exit, Failure> {
    Err(anyhow::anyhow!("detach {} is not built yet", args.pin_dir.display()).into())
}
