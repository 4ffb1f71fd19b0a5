use std::{
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use super::{finish, say, toolchain, toolchain::Toolchain};
use crate::workspace;

const VERSION: &str = "0.13.0";

/// `bpf-linker` from PATH or the tools folder; built there once where neither has it.
pub(super) fn ensure(toolchain: &Toolchain) -> anyhow::Result<PathBuf> {
    if let Some(found) = on_path() {
        return Ok(found);
    }
    let tools = workspace::tools()?;
    let linker = tools.join("bin/bpf-linker");
    // The binary finds LLVM in this folder at run time, so the two only count together.
    let prefix = tools.join(format!("llvm-{}", toolchain.llvm_major));
    if linker.is_file() && prefix.join("lib/libLLVM.so").is_file() {
        return Ok(linker);
    }
    build(toolchain, &tools, &prefix)?;
    Ok(linker)
}

fn on_path() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("bpf-linker"))
        .find(|candidate| candidate.is_file())
}

fn build(toolchain: &Toolchain, tools: &Path, prefix: &Path) -> anyhow::Result<()> {
    let major = toolchain.llvm_major;
    let library = toolchain.llvm_library().with_context(|| {
        format!(
            "bpf-linker is missing, and so is libLLVM.so.{major}, which comes with the compiler; \
             install a bpf-linker that reads LLVM {major}: cargo install bpf-linker"
        )
    })?;
    say(&format!("building bpf-linker {VERSION} into {} (once, some minutes)", tools.display()));
    let lib = prefix.join("lib");
    fs_err::create_dir_all(&lib)?;
    link(&library, &lib.join("libLLVM.so"))?;
    if let Some(name) = library.file_name() {
        link(&library, &lib.join(name))?;
    }
    let mut install = toolchain::host_cargo();
    install
        .args(["install", &format!("bpf-linker@{VERSION}"), "--locked", "--force", "--no-default-features"])
        .args(["--features", &format!("llvm-{major}"), "--root"])
        .arg(tools)
        .env("LLVM_PREFIX", prefix)
        // Not in the checkout: its settings are not meant for this.
        .current_dir(tools);
    finish(&mut install).with_context(|| {
        format!("bpf-linker {VERSION} cannot be built against {}; put one on PATH", library.display())
    })
}

fn link(original: &Path, name: &Path) -> anyhow::Result<()> {
    if name.symlink_metadata().is_ok() {
        fs_err::remove_file(name)?;
    }
    symlink(original, name).with_context(|| format!("cannot link {}", name.display()))
}
