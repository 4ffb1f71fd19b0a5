//! CPU time of running processes, to the nanosecond.

use anyhow::Context as _;

/// What all threads of these processes ran so far. The kernel charges a thread also with the packets that it sends, up to
/// where another one takes them.
pub(super) fn nanos(pids: &[u32]) -> anyhow::Result<u64> {
    let mut sum = 0;
    for pid in pids {
        for task in fs_err::read_dir(format!("/proc/{pid}/task"))? {
            let text = fs_err::read_to_string(task?.path().join("schedstat"))?;
            let ran = text.split_whitespace().next().context("schedstat is empty")?;
            sum += ran.parse::<u64>().with_context(|| format!("schedstat: {text:?}"))?;
        }
    }
    Ok(sum)
}

/// The children of a process, which nginx's workers are.
pub(super) fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    text.split_whitespace().map(|pid| pid.parse().context("a child's pid")).collect()
}

#[cfg(test)]
mod tests {
    use super::nanos;

    #[test]
    fn time_that_a_process_ran_only_grows() {
        let me = [std::process::id()];
        let before = nanos(&me).unwrap();
        let mut sum = 0_u64;
        for number in 0..5_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        // The kernel adds up when a thread is taken off its processor.
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(nanos(&me).unwrap() > before, "{sum}");
    }
}
