//! `portctl backup`: everything that the control plane keeps, as a file that `control-plane restore` takes.

use std::{fs::File, io, path::Path};

use serde_json::json;

use crate::{
    cli::Backup,
    client::Client,
    failure::{Failure, Outcome},
    output::Output,
};

const EXPORT: &str = "exportBackup";
const MIB: u64 = 1 << 20;

pub(super) fn run(client: &Client, backup: &Backup, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let to = &backup.to;
    let failed = |problem: io::Error| Failure::File { path: to.display().to_string(), problem };
    if to.symlink_metadata().is_ok() {
        return Err(failed(io::Error::other("is there already: choose another name, or move it away")));
    }
    let folder = match to.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // With mode 0600, and under its name only when it is whole.
    let mut file = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder).map_err(failed)?;
    let is_terminal = output.terminal.width.is_some();
    let mut told = 0;
    let bytes = client.save(EXPORT, &json!({}), file.as_file_mut(), &mut |bytes| {
        if is_terminal && bytes - told >= MIB {
            told = bytes;
            output.progress(&format!("{} MiB", bytes / MIB));
        }
    })?;
    if told > 0 {
        output.progress("");
    }
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(to).map_err(|error| failed(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    output.note(&format!(
        "{bytes} bytes are in {}; put them back with: control-plane restore --data-dir NEW --from {}",
        to.display(),
        to.display()
    ));
    Ok(Outcome::Done)
}
