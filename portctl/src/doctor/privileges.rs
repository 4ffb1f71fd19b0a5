//! Effective capabilities and limits of this process: run the doctor as the sensor will run.

use std::fs;

use super::Check;
use crate::cli::Capture;

/// Bits of `CapEff` (linux/capability.h).
const NET_ADMIN: u32 = 12;
const NET_RAW: u32 = 13;
const SYS_ADMIN: u32 = 21;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

pub(super) fn checks(capture: Capture) -> Vec<Check> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut checks = vec![capabilities(&status, capture)];
    if capture == Capture::Ebpf {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        checks.extend(memlock(&release, &limits, effective(&status)));
    }
    checks
}

fn capabilities(status: &str, capture: Capture) -> Check {
    let name = "privileges";
    let Some(mask) = effective(status) else {
        return Check::warning(name, "/proc/self/status has no CapEff", "run as root: sudo portctl doctor");
    };
    let lacking: Vec<_> = match capture {
        Capture::Ebpf => {
            vec![(NET_ADMIN, "CAP_NET_ADMIN"), (BPF, "CAP_BPF"), (PERFMON, "CAP_PERFMON")]
        }
        Capture::Pcap => vec![(NET_ADMIN, "CAP_NET_ADMIN"), (NET_RAW, "CAP_NET_RAW")],
    }
    .into_iter()
    // CAP_SYS_ADMIN holds what CAP_BPF and CAP_PERFMON were split from in 5.8.
    .filter(|&(bit, _)| !(has(mask, bit) || bit >= PERFMON && has(mask, SYS_ADMIN)))
    .map(|(_, name)| name)
    .collect();
    if lacking.is_empty() {
        return Check::ok(name, "this process has the capabilities a sensor needs");
    }
    Check::missing(
        name,
        format!("this process lacks {}", lacking.join(", ")),
        "run the sensor as root (sudo sensor run …), and look again with: sudo portctl doctor",
    )
}

/// Before 5.11 maps count against RLIMIT_MEMLOCK, except for CAP_SYS_RESOURCE, with which the limit can be raised.
fn memlock(release: &str, limits: &str, mask: Option<u64>) -> Option<Check> {
    const SYS_RESOURCE: u32 = 24;
    const ENOUGH: u64 = 256 << 20;
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse::<u32>().unwrap_or(0));
    let version = (numbers.next()?, numbers.next()?);
    if version >= (5, 11) {
        return None;
    }
    let soft =
        limits.lines().find_map(|line| line.strip_prefix("Max locked memory"))?.split_whitespace().next()?;
    let enough = soft == "unlimited" || soft.parse::<u64>().is_ok_and(|bytes| bytes >= ENOUGH);
    if enough || mask.is_some_and(|mask| has(mask, SYS_RESOURCE)) {
        return Some(Check::ok("locked memory", format!("limit {soft}")));
    }
    Some(Check::missing(
        "locked memory",
        format!("limit {soft} bytes: on kernels before 5.11 the sensor's maps count against it"),
        "ulimit -l unlimited, or LimitMEMLOCK=infinity in the sensor's unit",
    ))
}

fn effective(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

fn has(mask: u64, bit: u32) -> bool {
    mask & (1 << bit) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    const ROOT: &str = "Name:\tportctl\nCapEff:\t000001ffffffffff\n";
    const NOBODY: &str = "CapEff:\t0000000000000000\n";

    #[test]
    fn root_may_do_it() {
        assert_eq!(capabilities(ROOT, Capture::Ebpf).level, Level::Ok);
    }

    #[test]
    fn each_lacking_capability_is_named() {
        let check = capabilities(NOBODY, Capture::Ebpf);
        assert_eq!(check.level, Level::Missing);
        assert_eq!(check.finding, "this process lacks CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON");
        assert!(capabilities(NOBODY, Capture::Pcap).finding.contains("CAP_NET_RAW"));
    }

    #[test]
    fn sys_admin_stands_for_bpf_but_not_for_net_admin() {
        let status = format!("CapEff:\t{:016x}\n", 1_u64 << SYS_ADMIN);
        assert_eq!(capabilities(&status, Capture::Ebpf).finding, "this process lacks CAP_NET_ADMIN");
    }

    #[test]
    fn locked_memory_matters_only_before_5_11() {
        let limits = "Max locked memory         65536                65536                bytes\n";
        assert_eq!(memlock("6.1.0", limits, Some(0)), None);
        assert_eq!(memlock("5.10.0-28-amd64", limits, Some(0)).unwrap().level, Level::Missing);
        assert_eq!(memlock("5.10.0-28-amd64", limits, Some(u64::MAX)).unwrap().level, Level::Ok);
    }
}
