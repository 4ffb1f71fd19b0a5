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

/// Loads from a packet, wherever the bytes stand. The compiler would take them one by one and put them together again on
/// the stack, because nothing promises that a header begins at a multiple of its fields' size; the processors that are
/// supported do not mind, nor does their verifier.
macro_rules! load {
    ($name:ident, $type:ty, $instruction:literal) => {
        /// As it stands in memory.
        ///
        /// # Safety
        /// `from` points into a packet, and the bytes have been compared with its end.
        #[inline(always)]
        pub(crate) unsafe fn $name(from: usize) -> $type {
            let value: u64;
            // SAFETY: the caller's word for it.
            unsafe {
                asm!($instruction, out(reg) value, in(reg) from as u64, options(pure, readonly, nostack));
            }
            value as $type
        }
    };
}

load!(load_u16, u16, "{0} = *(u16 *)({1} + 0)");
load!(load_u32, u32, "{0} = *(u32 *)({1} + 0)");
load!(load_u64, u64, "{0} = *(u64 *)({1} + 0)");
