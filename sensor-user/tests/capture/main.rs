//! From frames and capture files to TCP segments: what each wrapping looks like, byte by byte, and that nothing hostile
//! gets further than a counter.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod file;
mod fragments;
mod frame;
mod ip;
mod link;
mod mutation;
mod tunnel;
mod vlan;
