//! The BPF file system: what is pinned there goes on enforcing without a sensor.

use std::fs;

use super::Check;
use crate::cli::Capture;

const NAME: &str = "bpffs";
const MOUNT_POINT: &str = "/sys/fs/bpf";

pub(super) fn checks(capture: Capture) -> Vec<Check> {
    match capture {
        Capture::Ebpf => vec![bpffs(&fs::read_to_string("/proc/self/mounts").unwrap_or_default())],
        Capture::Pcap => Vec::new(),
    }
}

fn bpffs(mounts: &str) -> Check {
    let mounted = mounts.lines().any(|line| {
        let mut fields = line.split(' ').skip(1);
        fields.next() == Some(MOUNT_POINT) && fields.next() == Some("bpf")
    });
    if mounted {
        Check::ok(NAME, format!("mounted at {MOUNT_POINT}"))
    } else {
        // The sensor mounts it where it may; a container or a unit without CAP_SYS_ADMIN may not.
        Check::warning(
            NAME,
            format!("not mounted at {MOUNT_POINT}: the sensor tries to at its start"),
            format!("mount -t bpf bpf {MOUNT_POINT}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;

    #[test]
    fn only_a_bpf_mount_at_its_place_counts() {
        let sysfs = "sysfs /sys sysfs rw 0 0\n";
        assert_eq!(bpffs(&format!("{sysfs}bpf /sys/fs/bpf bpf rw,mode=700 0 0\n")).level, Level::Ok);
        assert_eq!(bpffs(sysfs).level, Level::Warning);
        assert_eq!(bpffs("bpf /mnt/bpf bpf rw 0 0\n").level, Level::Warning);
        assert_eq!(bpffs(sysfs).fix.as_deref(), Some("mount -t bpf bpf /sys/fs/bpf"));
    }
}
