//! What a test needs of the machine. Without it the test says so and is skipped, which is a failure where
//! `PORTCULLIS_REQUIRE_ALL=1`.

use std::{
    env,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

pub(crate) fn root() -> bool {
    // /proc/self belongs to whom we are.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    is_root || skip("making network namespaces needs root: sudo scripts/test e2e")
}

/// The folder with our binaries.
pub(crate) fn binaries() -> Option<PathBuf> {
    let folder = env::var_os("PORTCULLIS_BIN_DIR").map(PathBuf::from);
    if folder.is_none() {
        skip("PORTCULLIS_BIN_DIR names no folder with our binaries; cargo xtask test e2e sets it");
    }
    folder
}

pub(crate) fn program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
        || skip(&format!("{name} is not installed; cargo xtask setup --for test brings it"))
}

pub(crate) fn folder(path: &Path) -> bool {
    path.is_dir() || skip(&format!("{} is missing; cargo xtask console makes it", path.display()))
}

#[expect(clippy::print_stdout, reason = "the test runner counts this line")]
fn skip(why: &str) -> bool {
    println!("skipped: {why}");
    let must = env::var_os("PORTCULLIS_REQUIRE_ALL").is_some_and(|set| set == "1");
    assert!(!must, "may not be skipped here: {why}");
    false
}
