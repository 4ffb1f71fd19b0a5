//! What we made in a network namespace that no pin tells of, so that it can be found when it is to go:
//!
//! ```text
//! <pin-dir>/traces/<netns>-nftables            the table
//! <pin-dir>/traces/<netns>-clsact-<ifindex>    a clsact qdisc that was not there before
//! ```
//!
//! Folders without anything in them, since a bpffs takes no files. Like all of it they are gone after a reboot, as is
//! what they tell of.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::{Lack, bpffs, namespace};

const FOLDER: &str = "traces";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    Nftables,
    /// On the interface of that index.
    Clsact(u32),
}

/// Notes down what was made in this thread's namespace.
pub(crate) fn keep(pin_dir: &Path, trace: Trace) -> Result<(), Lack> {
    bpffs::prepare(&path(pin_dir, trace)?)
}

/// It is gone.
pub(crate) fn forget(pin_dir: &Path, trace: Trace) -> Result<(), Lack> {
    remove(&path(pin_dir, trace)?)?;
    tidy(pin_dir);
    Ok(())
}

/// Everything noted down, with the namespace's inode.
pub(crate) fn all(pin_dir: &Path) -> Vec<(u64, Trace)> {
    let folder = pin_dir.join(FOLDER);
    if !bpffs::is_bpffs(&folder) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| parse(&entry.file_name().to_string_lossy())).collect()
}

/// Forgets everything.
pub(crate) fn clear(pin_dir: &Path) -> Result<(), Lack> {
    for (namespace, trace) in all(pin_dir) {
        remove(&pin_dir.join(FOLDER).join(name(namespace, trace)))?;
    }
    tidy(pin_dir);
    Ok(())
}

fn remove(folder: &Path) -> Result<(), Lack> {
    match std::fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Lack::new(format!("{}: {error}", folder.display()), "run it as root"))
        }
        _ => Ok(()),
    }
}

/// Takes the folders away, unless something is left in them, which is why the kernel refuses then.
fn tidy(pin_dir: &Path) {
    if bpffs::is_bpffs(pin_dir) {
        std::fs::remove_dir(pin_dir.join(FOLDER)).ok();
        std::fs::remove_dir(pin_dir).ok();
    }
}

fn path(pin_dir: &Path, trace: Trace) -> Result<PathBuf, Lack> {
    Ok(pin_dir.join(FOLDER).join(name(namespace::current()?, trace)))
}

fn name(namespace: u64, trace: Trace) -> String {
    match trace {
        Trace::Nftables => format!("{namespace}-nftables"),
        Trace::Clsact(index) => format!("{namespace}-clsact-{index}"),
    }
}

fn parse(name: &str) -> Option<(u64, Trace)> {
    let (namespace, what) = name.split_once('-')?;
    let trace = match what.split_once('-') {
        None if what == "nftables" => Trace::Nftables,
        Some(("clsact", index)) => Trace::Clsact(index.parse().ok()?),
        _ => return None,
    };
    Some((namespace.parse().ok()?, trace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_left_alone() {
        for trace in [Trace::Nftables, Trace::Clsact(7)] {
            assert_eq!(parse(&name(4_026_531_840, trace)), Some((4_026_531_840, trace)));
        }
        for other in ["", "7", "7-", "x-nftables", "7-clsact-", "7-other-8"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn without_a_bpffs_nothing_is_noted_down() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(all(folder.path()), []);
        clear(folder.path()).unwrap();
        assert!(keep(folder.path(), Trace::Nftables).is_err());
    }
}
