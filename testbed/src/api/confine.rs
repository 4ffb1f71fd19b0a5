use std::{net::SocketAddr, os::unix::fs::MetadataExt as _};

use anyhow::{Context as _, bail, ensure};
use nix::unistd::{Gid, Uid, geteuid, setgid, setgroups, setuid};

use crate::netns;

/// `nobody` and its group, on every Linux.
pub(crate) const NOBODY: u32 = 65_534;

/// A shell for whoever asks must not be reachable by anyone but the testbed's own clients.
pub(super) fn refuse_if_reachable(listen: SocketAddr) -> anyhow::Result<()> {
    ensure!(
        listen.ip().is_loopback(),
        "{listen}: this API is vulnerable on purpose and serves loopback addresses only"
    );
    if !in_namespace_of_ours()? {
        bail!(
            "this API is vulnerable on purpose and serves only inside a network namespace of the testbed; \
             start it with: sudo scripts/up --demo"
        );
    }
    Ok(())
}

/// A compromised API should not be a compromised root.
pub(super) fn give_root_away() -> anyhow::Result<()> {
    if geteuid().is_root() {
        setgroups(&[]).context("supplementary groups")?;
        setgid(Gid::from_raw(NOBODY)).context("group nobody")?;
        setuid(Uid::from_raw(NOBODY)).context("user nobody")?;
    }
    Ok(())
}

fn in_namespace_of_ours() -> anyhow::Result<bool> {
    let own = fs_err::metadata("/proc/self/ns/net")?;
    let Ok(mounts) = fs_err::read_dir(netns::MOUNTS) else { return Ok(false) };
    for mount in mounts {
        let mount = mount?;
        if netns::owner(&mount.file_name().to_string_lossy()).is_some() {
            let theirs = fs_err::metadata(mount.path())?;
            if (theirs.dev(), theirs.ino()) == (own.dev(), own.ino()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::refuse_if_reachable;

    #[test]
    fn it_serves_no_address_that_others_reach() {
        for reachable in ["0.0.0.0:8000", "[::]:8000", "192.0.2.10:8000"] {
            assert!(refuse_if_reachable(reachable.parse().unwrap()).is_err(), "{reachable}");
        }
    }

    #[test]
    fn it_serves_no_loopback_that_users_of_the_host_reach() {
        let error = refuse_if_reachable("127.0.0.1:8000".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("inside a network namespace"), "{error}");
    }
}
