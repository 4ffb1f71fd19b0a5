//! What the kernel can do: tried where this process may, since distributions carry features back and configurations
//! leave them out; else told by its version.

mod lab;

use std::{fs, io, path::Path};

use self::lab::{Helper, Hook, Kind, Map};
use super::Check;
use crate::cli::Capture;

type Version = (u32, u32);

/// Below it nothing was ever tried: the oldest long-term kernel that has all that is needed.
const OLDEST: Version = (5, 15);

/// Something that the kernel programs, or what drives them, is made of.
struct Feature {
    name: &'static str,
    what: &'static str,
    since: Version,
    /// What it is without it; needed where there is no way.
    without: Option<&'static str>,
    try_it: fn() -> io::Result<()>,
}

const FEATURES: [Feature; 9] = [
    Feature {
        name: "kernel: prefixes",
        what: "prefix tries (BPF_MAP_TYPE_LPM_TRIE)",
        since: (4, 11),
        without: None,
        try_it: || lab::map(Map::LpmTrie).map(drop),
    },
    Feature {
        name: "kernel: tables",
        what: "tables that recycle and that count per processor (LRU_HASH, PERCPU_HASH)",
        since: (4, 10),
        without: None,
        try_it: || lab::map(Map::LruHash).and(lab::map(Map::PerCpuHash)).map(drop),
    },
    Feature {
        name: "kernel: ring buffer",
        what: "ring buffers (BPF_MAP_TYPE_RINGBUF)",
        since: (5, 8),
        without: None,
        try_it: || lab::map(Map::RingBuffer).map(drop),
    },
    Feature {
        name: "kernel: boot clock",
        what: "the boot clock (bpf_ktime_get_boot_ns)",
        since: (5, 8),
        without: None,
        try_it: || lab::program(Kind::Xdp, Some(Helper::KtimeGetBootNs)).map(drop),
    },
    Feature {
        name: "kernel: gate",
        what: "XDP links, generic mode",
        since: (5, 9),
        without: None,
        try_it: || lab::link(Kind::Xdp, Hook::Xdp),
    },
    Feature {
        name: "kernel: tap",
        what: "traffic control programs (BPF_PROG_TYPE_SCHED_CLS)",
        since: (4, 18),
        without: None,
        try_it: || lab::program(Kind::Classifier, None).map(drop),
    },
    Feature {
        name: "kernel: batches",
        what: "prefixes written many at a time (BPF_MAP_UPDATE_BATCH on tries)",
        since: (5, 13),
        without: None,
        try_it: lab::trie_batches,
    },
    Feature {
        name: "kernel: frags",
        what: "XDP on packets in pieces (BPF_F_XDP_HAS_FRAGS)",
        since: (5, 18),
        without: Some("interfaces with jumbo frames are guarded in generic mode"),
        try_it: || lab::program_for_fragments().map(drop),
    },
    Feature {
        name: "kernel: TCX",
        what: "TCX, where the tap takes its place before others",
        since: (6, 6),
        without: Some("the tap is a clsact filter, and others of priority 1 may get before it"),
        try_it: || lab::link(Kind::Classifier, Hook::TcxIngress),
    },
];

pub(super) fn checks(capture: Capture) -> Vec<Check> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut checks = features(release.trim(), capture, |feature| (feature.try_it)());
    checks.push(btf(Path::new("/sys/kernel/btf/vmlinux")));
    checks.push(jit(fs::read_to_string("/proc/sys/net/core/bpf_jit_enable").ok().as_deref()));
    checks.extend(lockdown(fs::read_to_string("/sys/kernel/security/lockdown").ok().as_deref()));
    checks
}

/// Each feature as `attempt` finds it.
fn features(release: &str, capture: Capture, attempt: impl Fn(&Feature) -> io::Result<()>) -> Vec<Check> {
    let ebpf = capture == Capture::Ebpf;
    let fallback = "take a newer kernel, or run: sensor run --capture pcap --enforce nftables";
    let version = parse(release);
    let mut checks = vec![oldest(release, version, ebpf, fallback)];
    checks.extend(FEATURES.iter().map(|feature| {
        let Feature { name, what, since, without, .. } = feature;
        let (major, minor) = since;
        let lacks = |finding: String| match without {
            None => Check::needed(ebpf, name, finding, fallback),
            Some(without) => Check::warning(
                name,
                format!("{finding}: {without}"),
                format!("nothing has to be done; Linux {major}.{minor} and later have it"),
            ),
        };
        match attempt(feature) {
            Ok(()) => Check::ok(name, format!("tried: {what}")),
            Err(error) if may_not(&error) => match version {
                Some(version) if version >= *since => Check::ok(
                    name,
                    format!(
                        "by its version: {what} (not tried: {error}; look again with sudo portctl doctor)"
                    ),
                ),
                Some(_) => lacks(format!("kernel {release} is older than {major}.{minor}: no {what}")),
                None => Check::warning(name, format!("not tried: {error}"), "sudo portctl doctor"),
            },
            Err(error) => lacks(format!("tried and refused ({error}): no {what}")),
        }
    }));
    checks
}

fn oldest(release: &str, version: Option<Version>, ebpf: bool, fallback: &str) -> Check {
    let name = "kernel";
    let (major, minor) = OLDEST;
    match version {
        None => {
            Check::warning(name, format!("cannot tell the version from {release:?}"), "look at: uname -r")
        }
        Some(version) if version < OLDEST => {
            let finding = format!("kernel {release} is older than {major}.{minor}, which the sensor wants");
            Check::needed(ebpf, name, finding, fallback)
        }
        Some(_) => Check::ok(name, format!("kernel {release} (from {major}.{minor} on)")),
    }
}

/// Said of this process and not of the kernel.
fn may_not(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES | libc::ENOSYS))
}

fn btf(path: &Path) -> Check {
    if path.exists() {
        Check::ok("kernel: BTF", format!("{} is there", path.display()))
    } else {
        Check::warning(
            "kernel: BTF",
            format!("{} is not there: bpftool and verifier messages show no types", path.display()),
            "take a kernel built with CONFIG_DEBUG_INFO_BTF=y (the distributions' are)",
        )
    }
}

/// `None` where the file is not there, as with CONFIG_BPF_JIT_ALWAYS_ON on some architectures.
fn jit(enabled: Option<&str>) -> Check {
    match enabled.map(str::trim) {
        Some("0") => Check::warning(
            "kernel: BPF JIT",
            "off: every packet is interpreted, several times slower",
            "sysctl -w net.core.bpf_jit_enable=1",
        ),
        Some(_) => Check::ok("kernel: BPF JIT", "on"),
        None => Check::ok("kernel: BPF JIT", "not switchable here (built in, or this user may not see it)"),
    }
}

/// `none [integrity] confidentiality`, the one in force in brackets. Both keep BPF from memory of the kernel (tracing),
/// which the sensor's programs never ask for.
fn lockdown(state: Option<&str>) -> Option<Check> {
    let in_force = state?.split_once('[')?.1.split_once(']')?.0;
    Some(Check::ok("kernel: lockdown", format!("{in_force}: the sensor's programs are not touched by it")))
}

/// `6.1` of `6.1.0-18-amd64`.
fn parse(release: &str) -> Option<Version> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn by_version(release: &str, capture: Capture) -> Vec<Check> {
        features(release, capture, |_| Err(io::Error::from_raw_os_error(libc::EPERM)))
    }

    fn of<'a>(checks: &'a [Check], name: &str) -> &'a Check {
        checks.iter().find(|check| check.name == name).unwrap()
    }

    fn count(checks: &[Check], level: Level) -> usize {
        checks.iter().filter(|check| check.level == level).count()
    }

    #[test]
    fn what_was_tried_counts_whatever_the_version_says() {
        assert_eq!(count(&features("6.18.44", Capture::Ebpf, |_| Ok(())), Level::Ok), FEATURES.len() + 1);
        let refused = || io::Error::from_raw_os_error(libc::EINVAL);
        let checks = features("6.18.44", Capture::Ebpf, |feature| match feature.name {
            "kernel: ring buffer" | "kernel: TCX" => Err(refused()),
            _ => Ok(()),
        });
        let ring = of(&checks, "kernel: ring buffer");
        assert_eq!(ring.level, Level::Missing);
        assert!(ring.finding.contains("tried and refused") && ring.fix.as_deref().unwrap().contains("pcap"));
        let tcx = of(&checks, "kernel: TCX");
        assert_eq!(tcx.level, Level::Warning);
        assert!(tcx.finding.contains("clsact") && tcx.fix.as_deref().unwrap().contains("6.6"));
    }

    #[test]
    fn where_nothing_may_be_tried_the_version_tells() {
        assert_eq!(count(&by_version("6.18.44", Capture::Ebpf), Level::Ok), FEATURES.len() + 1);
        let checks = by_version("6.1.0-18-amd64", Capture::Ebpf);
        assert_eq!(count(&checks, Level::Missing), 0);
        assert_eq!(of(&checks, "kernel: TCX").level, Level::Warning);
        assert!(of(&checks, "kernel: gate").finding.contains("sudo portctl doctor"));
    }

    #[test]
    fn without_ring_buffers_ebpf_capture_is_impossible_and_the_other_way_is_named() {
        let checks = by_version("5.4.0-150-generic", Capture::Ebpf);
        for name in ["kernel", "kernel: ring buffer", "kernel: gate", "kernel: boot clock"] {
            let check = of(&checks, name);
            assert_eq!(check.level, Level::Missing, "{name}");
            assert!(check.fix.as_deref().unwrap().contains("--capture pcap"));
        }
        assert_eq!(count(&by_version("5.4.0-150-generic", Capture::Pcap), Level::Missing), 0);
    }

    #[test]
    fn a_release_that_is_no_version_is_a_warning() {
        assert_eq!(count(&by_version("", Capture::Ebpf), Level::Warning), FEATURES.len() + 1);
    }

    #[test]
    fn this_kernel_has_it_all_where_it_may_be_tried() {
        for feature in &FEATURES {
            match (feature.try_it)() {
                Err(error) if may_not(&error) => {
                    assert_ne!(std::env::var("PORTCULLIS_REQUIRE_ALL").as_deref(), Ok("1"), "root is needed");
                    println!("skipped: {}: {error}", feature.name);
                }
                tried => tried.unwrap_or_else(|error| panic!("{}: {error}", feature.name)),
            }
        }
    }

    #[test]
    fn the_readme_has_every_feature_with_its_version() {
        let readme = include_str!("../../../README.md");
        for feature in &FEATURES {
            let (major, minor) = feature.since;
            let row = format!("| {major}.{minor} | {} |", feature.what);
            assert!(readme.contains(&row), "README.md lacks: {row}");
        }
        let (major, minor) = OLDEST;
        assert!(readme.contains(&format!("Linux {major}.{minor} or later")));
    }

    #[test]
    fn an_interpreted_kernel_is_named() {
        assert_eq!(jit(Some("0\n")).level, Level::Warning);
        assert_eq!(jit(Some("1\n")).level, Level::Ok);
    }

    #[test]
    fn lockdown_is_told_where_the_kernel_has_it() {
        assert_eq!(lockdown(None), None);
        let check = lockdown(Some("none [integrity] confidentiality\n")).unwrap();
        assert!(check.finding.starts_with("integrity: "));
    }
}
