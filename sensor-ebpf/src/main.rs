//! The kernel programs: the gate drops what is blocked, the tap copies what is HTTP.
//!
//! Both fail open: whatever goes wrong in here, the packet goes its way. Neither knows anything of threats; the gate
//! looks up addresses, the tap looks at the first bytes of a message.

#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]

mod advice;
mod answer;
mod bound;
mod copy;
mod counter;
mod cut;
mod flow;
mod frame;
mod gate;
mod http_start;
mod pressure;
mod question;
mod rules;
mod skip;
mod tap;

/// The verifier refuses a program that could get here, so nothing ever does.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
