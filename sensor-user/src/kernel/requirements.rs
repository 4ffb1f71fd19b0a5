//! Asked before anything is loaded, because the kernel's own answers (EPERM, EINVAL) name no reason.

use super::Lack;

/// XDP links, ring buffers, boot-time clock and memory accounting by cgroup are all there from here on; the oldest
/// long-term kernel that has them.
const OLDEST_KERNEL: (u32, u32) = (5, 15);

const NET_ADMIN: u32 = 12;
const SYS_ADMIN: u32 = 21;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

pub(crate) fn ebpf() -> Result<(), Lack> {
    kernel_version()?;
    capabilities(&[(NET_ADMIN, "CAP_NET_ADMIN"), (BPF, "CAP_BPF"), (PERFMON, "CAP_PERFMON")])
}

pub(crate) fn firewall() -> Result<(), Lack> {
    capabilities(&[(NET_ADMIN, "CAP_NET_ADMIN")])
}

fn kernel_version() -> Result<(), Lack> {
    let release = fs_err::read_to_string("/proc/sys/kernel/osrelease")
        .map_err(|error| Lack::new(error.to_string(), "mount procfs: mount -t proc proc /proc"))?;
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < OLDEST_KERNEL {
        let (major, minor) = OLDEST_KERNEL;
        return Err(Lack::new(
            format!("Linux {} is older than {major}.{minor}", release.trim()),
            "use --capture pcap --enforce nftables on this machine",
        ));
    }
    Ok(())
}

fn capabilities(wanted: &[(u32, &str)]) -> Result<(), Lack> {
    let status = fs_err::read_to_string("/proc/self/status")
        .map_err(|error| Lack::new(error.to_string(), "mount procfs: mount -t proc proc /proc"))?;
    let held = status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let has = |bit: u32| held >> bit & 1 == 1;
    let missing: Vec<&str> = wanted
        .iter()
        // Before Linux 5.8, and still, the administrator's capability stands for the newer two.
        .filter(|(bit, _)| !(has(*bit) || matches!(*bit, BPF | PERFMON) && has(SYS_ADMIN)))
        .map(|(_, name)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Lack::new(format!("{} missing", missing.join(", ")), "run it as root: sudo sensor run …"))
}
