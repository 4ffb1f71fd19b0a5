//! What the kernel programs and the agent both must lay out alike: map keys and values, records, counters.
//!
//! `no_std`, no dependency on the kernel side, every byte of padding named. With the feature `user` the types that
//! cross the border by map are `aya::Pod`.

#![no_std]

pub mod cut;
pub mod gate;
pub mod tap;
