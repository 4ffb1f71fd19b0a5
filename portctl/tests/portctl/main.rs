//! The binary against an HTTP server with answers in the documented shapes.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test ends at what it did not expect; the exemption of clippy.toml stops at helper functions"
)]

mod accounts;
mod actors;
mod backup;
mod block;
mod configuration;
mod doctor;
mod events;
mod failures;
mod fixture;
mod issues;
mod notify;
mod people;
mod policy;
mod saved_policies;
mod sensors;
mod suppress;
mod tickets;
