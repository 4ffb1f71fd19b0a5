//! `nft`, which lays our table: at the start, at a prefix length that was not there before, and where interfaces,
//! the allow list or the mode change.

use std::{
    env,
    io::{self, Write as _},
    os::fd::AsRawFd as _,
    path::Path,
    process,
};

use fs_err::File;
use nftables::helper::{NftablesError, get_current_ruleset_raw};
use nix::sys::memfd::{MFdFlags, memfd_create};

use crate::kernel::{Lack, explain};

/// Where it is when a user's PATH lacks it.
const USUAL_PLACE: &str = "/usr/sbin/nft";

/// Carries out commands in libnftables' JSON as one transaction.
pub(super) fn run(commands: &str) -> Result<(), Lack> {
    let handed = hand_over(commands)
        .map_err(|error| Lack::new(format!("commands for nft: {error}"), "free some memory"))?;
    // By a file and this one of the crate's calls, because those that write to nft let its messages go by.
    get_current_ruleset_raw(program(), ["-f", &handed.path]).map(|_| ()).map_err(|error| refused(&error))
}

struct Handed {
    path: String,
    _file: std::fs::File,
}

fn hand_over(commands: &str) -> io::Result<Handed> {
    let mut file = std::fs::File::from(memfd_create(c"portcullis-nft", MFdFlags::MFD_CLOEXEC)?);
    file.write_all(commands.as_bytes())?;
    let path = format!("/proc/{}/fd/{}", process::id(), file.as_raw_fd());
    // Says here and not in nft's words if there is no procfs.
    File::open(&path)?;
    Ok(Handed { path, _file: file })
}

fn program() -> Option<&'static str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).any(|folder| folder.join("nft").exists());
    (!found && Path::new(USUAL_PLACE).exists()).then_some(USUAL_PLACE)
}

fn refused(error: &NftablesError) -> Lack {
    match error {
        NftablesError::NftExecution { inner, .. } if inner.kind() == io::ErrorKind::NotFound => Lack::new(
            "there is no `nft` on this machine",
            "install it (apt-get install nftables, dnf install nftables), or use --enforce xdp",
        ),
        NftablesError::NftExecution { inner, .. } => {
            Lack::new(format!("nft does not start: {inner}"), "try `nft --version`")
        }
        NftablesError::NftFailed { stderr, stdout, .. } => {
            let said = if stderr.trim().is_empty() { stdout } else { stderr };
            said_no(&said.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        other => Lack::new(explain(other), "try `nft -j list tables`"),
    }
}

fn said_no(said: &str) -> Lack {
    let next_step = if said.contains("Operation not permitted") {
        "stop the process that owns the table portcullis (`flags owner` in `nft list ruleset`), or run it as root"
    } else if said.to_lowercase().contains("json support") {
        "install an nft with JSON support (Debian's and Fedora's have it)"
    } else if unsupported(said) {
        "take a kernel with CONFIG_NF_TABLES_NETDEV, CONFIG_NETFILTER_INGRESS and CONFIG_NF_TABLES_INET, or use --enforce xdp"
    } else {
        "look at `nft list ruleset`; `sensor detach` clears the way"
    };
    Lack::new(format!("nft refuses: {said}"), next_step)
}

/// What kernels without the hook or the family say (EOPNOTSUPP, EAFNOSUPPORT).
pub(super) fn unsupported(said: &str) -> bool {
    said.contains("not supported")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_next_step() {
        let step = |said: &str| said_no(said).next_step;
        assert!(step("Error: Operation not permitted (you must be root)").contains("root"));
        assert!(step("Error: JSON support not compiled-in").contains("JSON"));
        assert!(step("Error: Could not process rule: Operation not supported").contains("CONFIG_"));
        assert!(step("Error: Could not process rule: File exists").contains("sensor detach"));
    }
}
