use std::path::{Path, PathBuf};

/// The checkout that this xtask was built from.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Where tools that take minutes to build are kept, shared by all checkouts of a user.
pub(crate) fn tools() -> anyhow::Result<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("PORTCULLIS_TOOLS")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("portcullis/tools")))
        .or_else(|| Some(set("HOME")?.join(".cache/portcullis/tools")))
        .ok_or_else(|| anyhow::anyhow!("no place for tools: set PORTCULLIS_TOOLS to a folder"))
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
