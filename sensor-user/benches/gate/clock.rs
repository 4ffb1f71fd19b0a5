use std::{fs, time::Duration};

use nix::{
    sched::{CpuSet, sched_setaffinity},
    time::{ClockId, clock_gettime},
    unistd::Pid,
};

/// Time that this thread, and the kernel for it, worked; with what the kernel put off to its own threads.
pub(crate) fn this_thread() -> Duration {
    time(ClockId::CLOCK_THREAD_CPUTIME_ID) + put_off()
}

pub(crate) fn this_process() -> Duration {
    time(ClockId::CLOCK_PROCESS_CPUTIME_ID) + put_off()
}

/// One processor, so that what a packet sets off happens on the one that sent it.
pub(crate) fn stay_on(processor: usize) {
    let mut set = CpuSet::new();
    set.set(processor).unwrap();
    sched_setaffinity(Pid::from_raw(0), &set).unwrap();
}

/// Memory of this process.
pub(crate) fn resident() -> i64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4096
}

fn time(clock: ClockId) -> Duration {
    clock_gettime(clock).unwrap().into()
}

/// What the kernel does after interrupts is charged to whom it interrupts, or, when it is much, done by these.
fn put_off() -> Duration {
    static THREADS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let threads = THREADS.get_or_init(|| {
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        let soft = all.filter(|path| {
            fs::read_to_string(path.join("comm")).is_ok_and(|name| name.starts_with("ksoftirqd/"))
        });
        soft.map(|path| path.join("schedstat").to_string_lossy().into_owned()).collect()
    });
    let nanos = threads.iter().map(|file| {
        let text = fs::read_to_string(file).unwrap_or_default();
        text.split(' ').next().and_then(|nanos| nanos.parse::<u64>().ok()).unwrap_or(0)
    });
    Duration::from_nanos(nanos.sum())
}
