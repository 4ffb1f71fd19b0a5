//! What the sensor needs from user space: libpcap, which it is linked against, and `nft` for blocking without XDP.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::Check;
use crate::cli::Capture;

pub(super) fn checks(capture: Capture) -> Vec<Check> {
    vec![libpcap(&library_directories()), nftables(nft_version(), capture)]
}

/// The second place is where root finds it, and the PATH of others does not lead on Debian.
fn nft_version() -> io::Result<String> {
    let version = |program| Command::new(program).arg("-V").output();
    let output = match version("nft") {
        Err(error) if error.kind() == io::ErrorKind::NotFound => version("/usr/sbin/nft"),
        found => found,
    }?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn libpcap(directories: &[PathBuf]) -> Check {
    match directories.iter().find_map(|directory| find(directory, "libpcap.so")) {
        Some(path) => Check::ok("libpcap", path.display().to_string()),
        None => Check::missing(
            "libpcap",
            "no libpcap.so in the library directories: the sensor cannot start",
            "apt-get install libpcap0.8 (Debian, Ubuntu) or dnf install libpcap (Fedora, RHEL)",
        ),
    }
}

fn nftables(version: io::Result<String>, capture: Capture) -> Check {
    let name = "nft";
    let needed = capture == Capture::Pcap;
    let install = "apt-get install nftables (Debian, Ubuntu) or dnf install nftables (Fedora, RHEL)";
    match version {
        Ok(text) if has_json(&text) => {
            Check::ok(name, format!("{}, with JSON", text.lines().next().unwrap_or_default()))
        }
        Ok(text) => Check::needed(
            needed,
            name,
            format!(
                "{} is built without JSON, which the sensor speaks to it",
                text.lines().next().unwrap_or("nft")
            ),
            install,
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Check::needed(
            needed,
            name,
            "not installed: where XDP cannot be attached, nothing can be blocked",
            install,
        ),
        Err(error) => Check::needed(needed, name, format!("nft -V: {error}"), install),
    }
}

/// `json:  yes` among the features that `nft -V` lists.
fn has_json(version: &str) -> bool {
    version
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .any(|(feature, state)| feature == "json" && state.trim() == "yes")
}

/// The loader's usual directories, and one below each for the architecture (`/usr/lib/x86_64-linux-gnu`).
fn library_directories() -> Vec<PathBuf> {
    let roots = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"].map(PathBuf::from);
    let below = roots.iter().filter_map(|root| fs::read_dir(root).ok()).flatten().flatten();
    let below: Vec<_> =
        below.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("-linux-")).collect();
    roots.into_iter().chain(below).collect()
}

fn find(directory: &Path, prefix: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(directory).ok()?.flatten();
    entries
        .map(|entry| entry.path())
        .find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    const NFT: &str = "nftables v1.0.6 (Lester Gooch #5)\n  cli:\t\teditline\n  json:\t\tyes\n";

    #[test]
    fn nft_must_speak_json() {
        assert_eq!(nftables(Ok(NFT.to_owned()), Capture::Pcap).level, Level::Ok);
        assert_eq!(nftables(Ok(NFT.replace("yes", "no")), Capture::Pcap).level, Level::Missing);
    }

    #[test]
    fn without_nft_only_the_libpcap_way_is_impossible() {
        let absent = || Err(io::Error::from(io::ErrorKind::NotFound));
        assert_eq!(nftables(absent(), Capture::Pcap).level, Level::Missing);
        assert_eq!(nftables(absent(), Capture::Ebpf).level, Level::Warning);
    }

    #[test]
    fn libpcap_is_found_under_any_of_its_versions() {
        let directory = tempfile::tempdir().unwrap();
        let directories = [directory.path().to_owned()];
        assert_eq!(libpcap(&directories).level, Level::Missing);
        fs::write(directory.path().join("libpcap.so.0.8"), "").unwrap();
        assert_eq!(libpcap(&directories).level, Level::Ok);
    }
}
