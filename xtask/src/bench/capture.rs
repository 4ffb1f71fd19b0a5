//! The capture that is measured: a given one, or one made from a seed and kept for the next time.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::{Args, traffic};
use crate::program::{output, say};

pub(super) struct Capture {
    pub(super) file: PathBuf,
    pub(super) bytes: u64,
    /// How many transactions are known to be in it.
    pub(super) transactions: Option<u64>,
}

impl Capture {
    pub(super) fn of(args: &Args, folder: &Path) -> anyhow::Result<Self> {
        let (file, transactions) = match &args.capture {
            Some(given) => (std::path::absolute(given)?, args.transactions),
            None => {
                let (file, transactions) = made(args, folder)?;
                (file, Some(transactions))
            }
        };
        let bytes = fs_err::metadata(&file)?.len();
        let known = transactions.map_or("an unknown number of".into(), |known| known.to_string());
        say(&format!("bench: {} holds {known} transactions in {bytes} bytes", file.display()));
        Ok(Self { file, bytes, transactions })
    }
}

/// The file that the same arguments give again, and how many transactions it holds.
fn made(args: &Args, folder: &Path) -> anyhow::Result<(PathBuf, u64)> {
    let kind = format!("{}-", args.profile.name());
    let name = format!("{kind}{}-{}-{}.pcap", traffic::KIND, args.seed, args.bytes);
    let (file, count) = (folder.join(&name), folder.join(format!("{name}.transactions")));
    if let Ok(known) = fs_err::read_to_string(&count)
        && file.is_file()
    {
        return Ok((file, known.trim().parse().with_context(|| format!("{} is damaged", count.display()))?));
    }
    // They are large: of each kind the last one is kept.
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&kind) {
            fs_err::remove_file(entry.path())?;
        }
    }
    say(&format!("bench: making {}", file.display()));
    let transactions = make(args, &file)?;
    // Only now is the file whole.
    fs_err::write(&count, transactions.to_string())?;
    Ok((file, transactions))
}

/// In a process of its own: the kernel counts our peak memory as that of every program that we start.
fn make(args: &Args, file: &Path) -> anyhow::Result<u64> {
    let mut xtask = Command::new(std::env::current_exe().context("where is this program?")?);
    xtask.args(["bench", "traffic", "--profile", args.profile.name()]);
    xtask.arg(format!("--bytes={}", args.bytes)).arg(format!("--seed={}", args.seed));
    xtask.arg("--capture").arg(file);
    let transactions = String::from_utf8(output(&mut xtask)?.stdout)?;
    transactions.trim().parse().context("bench traffic prints a number")
}
