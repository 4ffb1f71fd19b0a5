use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, bail};
use portcullis_stack::in_namespace;

/// Where `ip netns` mounts namespaces.
pub(crate) const MOUNTS: &str = "/run/netns";
/// Names are `ptc<pid>n<counter>`: whose it is can be told from outside, and 15 bytes are enough for an interface.
const PREFIX: &str = "ptc";

/// A network namespace that exists as long as this does.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one with its loopback up.
    pub fn create() -> anyhow::Result<Self> {
        let name = unique_name('n');
        ip(&["netns", "add", &name])?;
        let namespace = Self { name };
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn path(&self) -> PathBuf {
        Path::new(MOUNTS).join(&self.name)
    }

    /// `program`, to be run inside.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        in_namespace(Some(&self.path()), program)
    }

    /// Runs `ip` inside.
    pub fn ip(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(self.command("ip").args(arguments))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its interfaces go with it. What stays is found by the next sweep.
        let _swept_later = ip(&["netns", "del", &self.name]);
    }
}

/// A name that carries our pid, with `kind` before a number of its own.
pub(crate) fn unique_name(kind: char) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{PREFIX}{}{kind}{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Removes the namespaces of processes that were killed before they could.
pub(crate) fn sweep() -> anyhow::Result<()> {
    let Ok(mounts) = fs_err::read_dir(MOUNTS) else { return Ok(()) };
    for mount in mounts {
        let name = mount?.file_name().to_string_lossy().into_owned();
        if owner(&name).is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            ip(&["netns", "del", &name])?;
        }
    }
    Ok(())
}

/// The pid in a name of ours.
pub(crate) fn owner(name: &str) -> Option<&str> {
    let (pid, number) = name.strip_prefix(PREFIX)?.split_once(|letter: char| letter.is_ascii_lowercase())?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(pid) && is_number(number)).then_some(pid)
}

/// Runs `ip` here.
pub(crate) fn ip(arguments: &[&str]) -> anyhow::Result<String> {
    output(Command::new("ip").args(arguments))
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{owner, unique_name};

    #[test]
    fn only_a_name_of_ours_has_an_owner() {
        assert_eq!(owner(&unique_name('n')), Some(std::process::id().to_string().as_str()));
        assert_eq!(owner("ptc12n3"), Some("12"));
        for foreign in ["cni-1234", "ptcn1", "ptc12", "ptc12n", "ptcx"] {
            assert_eq!(owner(foreign), None, "{foreign}");
        }
    }
}
