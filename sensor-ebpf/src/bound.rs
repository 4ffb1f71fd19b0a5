use core::arch::asm;

/// `value` where it is within `1..=most`, in a way that the verifier can follow.
///
/// The compiler often knows the bounds already and leaves the comparison out; the verifier does not, and refuses the
/// helper call behind it. The instruction adds nothing and hides what is known; it must be a real one, because line
/// information cannot stand on none.
#[inline(always)]
pub(crate) fn within(value: u32, most: u64) -> Option<u64> {
    let mut value = u64::from(value);
    // SAFETY: adds 0 to a register.
    unsafe { asm!("{0} += 0", inout(reg) value, options(pure, nomem, nostack)) }
    if value == 0 || value > most { None } else { Some(value) }
}

/// The bytes of a packet from its beginning to its end.
///
/// The compiler may add one of the two to something else first, and the verifier lets nobody calculate with the end of a
/// packet but take its beginning from it.
#[inline(always)]
pub(crate) fn distance(beginning: usize, end: usize) -> u64 {
    let mut distance = end as u64;
    // SAFETY: subtracts one register from another.
    unsafe {
        asm!("{0} -= {1}", inout(reg) distance, in(reg) beginning as u64, options(pure, nomem, nostack));
    }
    distance
}
