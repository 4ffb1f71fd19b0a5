use std::path::Path;

use super::output::say;
use crate::{authority::Authority, data_dir};

pub fn run(data_dir: &Path) -> anyhow::Result<()> {
    data_dir::prepare(data_dir)?;
    say(&Authority::open(data_dir)?.fingerprint().to_string())
}
