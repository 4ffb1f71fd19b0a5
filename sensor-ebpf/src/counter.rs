use aya_ebpf::btf_maps::PerCpuArray;

/// Counts without a lock: programs at these hooks are not interrupted by another on the same processor.
pub(crate) fn add<const N: usize>(counters: &PerCpuArray<u64, N>, index: u32, amount: u64) {
    if let Some(counter) = counters.get_ptr_mut(index) {
        // SAFETY: a pointer to this processor's own slot.
        unsafe { *counter = (*counter).wrapping_add(amount) }
    }
}
