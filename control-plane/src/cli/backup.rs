use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{open, output::note};
use crate::{
    auth,
    backup::{self, BackupError, Progress},
    store::{AuditStore, SqliteStore},
};

const REDRAWS_A_SECOND: u8 = 10;

#[derive(Debug, Args)]
pub struct Backup {
    /// The archive (tar in zstd) to make, for its owner alone; it must not be there yet. Needs room beside it for the
    /// databases. It opens whatever the data folder opens: keep it as safe.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// The archive that `backup` made.
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
}

pub fn run(data_dir: &Path, command: Backup) -> anyhow::Result<()> {
    let Backup { to } = command;
    if !SqliteStore::is_in(data_dir) {
        return Err(BackupError::Nothing(data_dir.to_owned()).into());
    }
    let object = to.display().to_string();
    // A disk that takes no entry any more is when a backup is wanted most.
    if let Err(error) = open(data_dir, None)?.note(&auth::command_line("backup"), &object) {
        note(&format!("control-plane: the audit log did not take an entry of this backup: {error}"));
    }
    let bar = Bar::new();
    let manifest = backup::to_file(data_dir, &to, &mut |progress| bar.show(progress))?;
    bar.clear();
    let bytes = to.metadata().map_or(0, |made| made.len());
    note(&format!(
        "{} files, {}, are in {} ({})",
        manifest.files.len(),
        HumanBytes(manifest.bytes()),
        to.display(),
        HumanBytes(bytes)
    ));
    Ok(())
}

pub fn restore(data_dir: &Path, command: Restore) -> anyhow::Result<()> {
    let bar = Bar::new();
    let manifest = backup::restore(&command.from, data_dir, &mut |progress| bar.show(progress))?;
    bar.clear();
    open(data_dir, None)?.note(&auth::command_line("restore"), &command.from.display().to_string())?;
    let made = time::OffsetDateTime::from_unix_timestamp(manifest.made_at)
        .map_or_else(|_| manifest.made_at.to_string(), |at| at.to_string());
    note(&format!(
        "{} files, {}, of {made} are in {}; start it with: control-plane --data-dir {}",
        manifest.files.len(),
        HumanBytes(manifest.bytes()),
        data_dir.display(),
        data_dir.display()
    ));
    Ok(())
}

/// On a terminal only.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let target = match io::stderr().is_terminal() {
            true => ProgressDrawTarget::stderr_with_hz(REDRAWS_A_SECOND),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) =
            ProgressStyle::with_template("{msg} {bytes} of {total_bytes}, {binary_bytes_per_sec}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_secs(1));
        Self(bar)
    }

    fn show(&self, Progress { doing, bytes, of }: Progress) {
        self.0.set_message(doing);
        self.0.set_length(of);
        self.0.set_position(bytes);
    }

    fn clear(&self) {
        self.0.finish_and_clear();
    }
}
