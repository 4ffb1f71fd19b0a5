//! The control plane over real HTTP and real gRPC on loopback ports of the system's choice, with its real store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "helpers of test functions, which clippy.toml excuses; nothing here is reached from outside"
)]

mod access;
mod accounts;
mod audit;
mod automatic;
mod backup;
mod blocks;
mod capture_rules;
mod command_line;
mod configuration;
mod console;
mod contract;
mod coverage;
mod crash;
mod documented;
mod event_days;
mod full_disk;
mod harness;
mod ignore;
mod ingest;
mod inventory;
mod issues;
mod listing;
mod metrics;
mod notify;
mod oidc;
mod openapi;
mod orders;
mod people;
mod policies;
mod statistics;
mod store_contract;
mod store_people;
mod tickets;
