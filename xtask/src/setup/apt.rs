use std::{
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use super::Need;
use crate::{
    caller::{Caller, is_root},
    program::{finish, say},
};

/// Installs what is missing; touches neither network nor package lists where nothing is.
pub(super) fn install(caller: &Caller, missing: &[&Need]) -> anyhow::Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    for need in missing {
        say(&format!("setup: missing {}: {}", need.packages.join(", "), need.why));
    }
    let packages: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if caller.which("apt-get").is_none() {
        bail!("this is no Debian: install what corresponds to {}, then run this again", packages.join(", "));
    }
    if !is_root() {
        bail!("installing needs root: sudo {by_hand}");
    }
    let _quiet = NoServices::begin()?;
    finish(apt(caller).args(["update", "-qq"]))?;
    finish(apt(caller).args(["install", "-y", "-qq", "--no-install-recommends"]).args(&packages))
        .with_context(|| format!("installing failed; by hand: {by_hand}"))?;
    if packages.contains(&"nginx-light") {
        disable_nginx(caller)?;
    }
    Ok(())
}

fn apt(caller: &Caller) -> std::process::Command {
    let mut apt = caller.root_command("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
    apt
}

/// The package would have nginx listen on port 80 from the next boot on; nobody asked for that.
fn disable_nginx(caller: &Caller) -> anyhow::Result<()> {
    let mut disable = if caller.which("systemctl").is_some() {
        let mut disable = caller.root_command("systemctl");
        disable.args(["--quiet", "disable", "nginx"]);
        disable
    } else {
        let mut disable = caller.root_command("update-rc.d");
        disable.args(["nginx", "disable"]);
        disable
    };
    finish(&mut disable).context("nginx was installed and starts at boot; disable it by hand")
}

/// While this lives no package may start its service (policy-rc.d(8)).
struct NoServices(Option<PathBuf>);

impl NoServices {
    fn begin() -> anyhow::Result<Self> {
        let policy = Path::new("/usr/sbin/policy-rc.d");
        if policy.exists() {
            // Containers and image builders bring theirs, which says no as well; it is not ours to change.
            return Ok(Self(None));
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o755)
            .open(policy)
            .with_context(|| policy.display().to_string())?;
        std::io::Write::write_all(&mut file, b"#!/bin/sh\nexit 101\n")?;
        Ok(Self(Some(policy.to_owned())))
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(policy) = &self.0
            && let Err(error) = fs_err::remove_file(policy)
        {
            say(&format!("setup: remove this file by hand, it keeps services from starting: {error}"));
        }
    }
}
