//! The kernel programs and what drives them, in a real kernel: needs root, and namespaces that each test makes for
//! itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says on stdout why it did not run"
)]

mod blocking;
mod coexistence;
mod cut;
mod detaching;
mod encapsulation;
mod evasion;
mod following;
mod gate;
mod left_out;
mod nftables;
mod overload;
mod programs;
mod rules;
mod support;
mod survival;
mod tap;
mod together;
mod traffic;
