//! What a program used, as the kernel accounts it when the program is waited for.

use std::{os::unix::process::ExitStatusExt as _, process::ExitStatus, time::Instant};

use anyhow::Context as _;

#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// User and system time of the process, its threads, and the children it waited for.
    pub(super) cpu_seconds: f64,
    pub(super) wall_seconds: f64,
    /// The most memory that any one of them had resident; not less than what this process had when it started them.
    pub(super) peak_resident_bytes: i64,
}

/// Waits for a child that was just started and that nobody else waits for: `std` would not say what it used.
pub(super) fn wait(pid: u32) -> anyhow::Result<(ExitStatus, Usage)> {
    let started = Instant::now();
    let pid = i32::try_from(pid).context("a process id")?;
    let mut status = 0;
    // SAFETY: rusage is plain numbers, for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to variables that outlive the call.
        let waited = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
        if waited == pid {
            break;
        }
        let error = std::io::Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error).context("wait4");
        }
    }
    let usage = Usage {
        cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
        wall_seconds: started.elapsed().as_secs_f64(),
        // Linux counts it in KiB (getrusage(2)).
        peak_resident_bytes: usage.ru_maxrss * 1024,
    };
    Ok((ExitStatus::from_raw(status), usage))
}

fn seconds(time: libc::timeval) -> f64 {
    time.tv_sec as f64 + time.tv_usec as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::wait;

    #[test]
    fn a_program_that_works_used_time_and_memory_and_its_exit_code_is_told() {
        let mut command = Command::new("sh");
        let child = command.args(["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; exit 3"]).spawn();
        let (status, usage) = wait(child.unwrap().id()).unwrap();
        assert_eq!(status.code(), Some(3));
        assert!(usage.cpu_seconds > 0.0 && usage.peak_resident_bytes > 100_000, "{usage:?}");
    }
}
