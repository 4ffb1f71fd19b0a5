//! `cargo xtask console`: builds the web console into console/dist, which the control plane embeds.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use crate::{
    caller::Caller,
    program::{finish, say},
    setup, workspace,
};

/// What is made, not written: changes there are no reason to build.
const MADE: [&str; 3] = ["node_modules", "dist", "test-results"];

pub(crate) fn run() -> anyhow::Result<()> {
    let mut caller = Caller::find()?;
    setup::ready_for_console(&mut caller)?;
    build(&caller)
}

/// Brings the packages and builds, each only when what it is made from has changed.
pub(crate) fn build(caller: &Caller) -> anyhow::Result<()> {
    packages(caller)?;
    let console = folder();
    let stamp = Stamp::of("console-dist", &fingerprint(&console)?);
    if stamp.holds() && console.join("dist/index.html").is_file() {
        return Ok(());
    }
    say("console: building");
    finish(caller.command("npm").current_dir(&console).args(["run", "--silent", "build"]))?;
    stamp.set()
}

/// `npm ci`, when package-lock.json is not the one that node_modules was made from.
pub(crate) fn packages(caller: &Caller) -> anyhow::Result<()> {
    let console = folder();
    let stamp = Stamp::of("console-packages", &hash(&[fs_err::read(console.join("package-lock.json"))?]));
    if stamp.holds() && console.join("node_modules").is_dir() {
        return Ok(());
    }
    say("console: bringing its packages from the npm registry");
    finish(caller.command("npm").current_dir(&console).args([
        "ci",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    stamp.set()
}

pub(crate) fn folder() -> PathBuf {
    workspace::root().join("console")
}

/// Says what something was built from; kept outside of it, because what is in dist is served.
struct Stamp {
    file: PathBuf,
    value: String,
}

impl Stamp {
    fn of(name: &str, value: &str) -> Self {
        Self { file: workspace::root().join("target/portcullis").join(name), value: value.to_owned() }
    }

    fn holds(&self) -> bool {
        fs_err::read_to_string(&self.file).is_ok_and(|found| found == self.value)
    }

    fn set(&self) -> anyhow::Result<()> {
        if let Some(parent) = self.file.parent() {
            fs_err::create_dir_all(parent)?;
        }
        Ok(fs_err::write(&self.file, &self.value)?)
    }
}

fn fingerprint(console: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    sources(console, &mut files)?;
    files.sort();
    let mut parts = Vec::new();
    for file in files {
        parts.push(file.to_string_lossy().into_owned().into_bytes());
        parts.push(fs_err::read(&file)?);
    }
    Ok(hash(&parts))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs_err::read_dir(folder)? {
        let entry = entry?;
        if MADE.iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            sources(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn hash(parts: &[Vec<u8>]) -> String {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
