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
