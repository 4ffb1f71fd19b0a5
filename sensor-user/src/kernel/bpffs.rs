use std::path::{Path, PathBuf};

use nix::{
    mount::{MsFlags, mount},
    sys::statfs::{BPF_FS_MAGIC, statfs},
};

use super::Lack;

/// Where bpffs belongs.
const USUAL: &str = "/sys/fs/bpf";

/// Makes `folder`, mounting bpffs at its usual place where that is the reason why it is not there.
pub(crate) fn prepare(folder: &Path) -> Result<(), Lack> {
    let failed = |error: &dyn std::fmt::Display| {
        Lack::new(
            format!("no place to pin maps at {}: {error}", folder.display()),
            format!("mount one with `mount -t bpf bpf {USUAL}`, or name another folder with --pin-dir"),
        )
    };
    if !is_bpffs(folder) && folder.starts_with(USUAL) {
        tracing::info!(path = USUAL, "mounting bpffs, which is not there yet");
        mount(Some("bpf"), USUAL, Some("bpf"), MsFlags::empty(), None::<&str>)
            .map_err(|error| failed(&error))?;
    }
    fs_err::create_dir_all(folder).map_err(|error| failed(&error))?;
    if is_bpffs(folder) { Ok(()) } else { Err(failed(&"it is not on a bpffs")) }
}

/// Whether `path`, or the nearest folder above that exists, is on a bpffs.
pub(crate) fn is_bpffs(path: &Path) -> bool {
    let mut path = PathBuf::from(path);
    while !path.exists() {
        if !path.pop() {
            return false;
        }
    }
    statfs(&path).is_ok_and(|status| status.filesystem_type() == BPF_FS_MAGIC)
}
