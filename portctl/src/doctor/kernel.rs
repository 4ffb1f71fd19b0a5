//! What the kernel can do, by its version: distributions that carry a feature back to an older kernel get a warning
//! they may ignore, never a silent failure.

use std::{fs, path::Path};

use super::Check;
use crate::cli::Capture;

type Version = (u32, u32);

/// Generic XDP, which works on every interface (`XDP_FLAGS_SKB_MODE`).
const XDP_GENERIC: Version = (4, 12);
/// `BPF_MAP_TYPE_RINGBUF`, which the tap hands its records through.
const RING_BUFFER: Version = (5, 8);
/// `BPF_TCX_INGRESS`; before it, the tap is a clsact filter.
const TCX: Version = (6, 6);

pub(super) fn checks(capture: Capture) -> Vec<Check> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut checks = by_version(release.trim(), capture);
    checks.push(btf(Path::new("/sys/kernel/btf/vmlinux")));
    checks.push(jit(fs::read_to_string("/proc/sys/net/core/bpf_jit_enable").ok().as_deref()));
    checks
}

fn by_version(release: &str, capture: Capture) -> Vec<Check> {
    let ebpf = capture == Capture::Ebpf;
    let Some(version) = parse(release) else {
        return vec![Check::warning(
            "kernel",
            format!("cannot tell the version from {release:?}"),
            "look at: uname -r",
        )];
    };
    let fallback = "take a newer kernel, or run: sensor run --capture pcap --enforce nftables";
    let feature = |name, least: Version, what: &str| {
        if version >= least {
            Check::ok(name, format!("kernel {release} has {what} (since {}.{})", least.0, least.1))
        } else {
            let lacks = format!("kernel {release} is older than {}.{}: no {what}", least.0, least.1);
            Check::needed(ebpf, name, lacks, fallback)
        }
    };
    let tap = if version >= TCX {
        Check::ok("kernel: tap", format!("kernel {release} has TCX (since 6.6)"))
    } else {
        Check::ok(
            "kernel: tap",
            format!("kernel {release} is older than 6.6: the tap uses clsact instead of TCX"),
        )
    };
    vec![
        feature("kernel: gate", XDP_GENERIC, "generic XDP"),
        feature("kernel: ring buffer", RING_BUFFER, "BPF ring buffers"),
        tap,
    ]
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

/// `6.1` of `6.1.0-18-amd64`.
fn parse(release: &str) -> Option<Version> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    fn levels(release: &str, capture: Capture) -> Vec<Level> {
        by_version(release, capture).iter().map(|check| check.level).collect()
    }

    #[test]
    fn a_new_kernel_has_everything() {
        assert_eq!(levels("6.18.44", Capture::Ebpf), [Level::Ok; 3]);
        assert_eq!(levels("6.1.0-18-amd64", Capture::Ebpf), [Level::Ok; 3]);
    }

    #[test]
    fn without_ring_buffers_ebpf_capture_is_impossible_and_the_other_way_is_named() {
        let checks = by_version("5.4.0-150-generic", Capture::Ebpf);
        let ring = checks.iter().find(|check| check.name == "kernel: ring buffer").unwrap();
        assert_eq!(ring.level, Level::Missing);
        assert!(ring.fix.as_deref().unwrap().contains("--capture pcap"));
    }

    #[test]
    fn with_libpcap_an_old_kernel_is_only_a_warning() {
        assert_eq!(levels("3.10.0-1160.el7", Capture::Pcap), [Level::Warning, Level::Warning, Level::Ok]);
    }

    #[test]
    fn a_release_that_is_no_version_is_a_warning() {
        assert_eq!(levels("", Capture::Ebpf), [Level::Warning]);
    }

    #[test]
    fn an_interpreted_kernel_is_named() {
        assert_eq!(jit(Some("0\n")).level, Level::Warning);
        assert_eq!(jit(Some("1\n")).level, Level::Ok);
    }
}
