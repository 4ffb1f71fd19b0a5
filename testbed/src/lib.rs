//! A small world to try the sensor in: network namespaces, an API behind nginx, clients that use and attack it.
//!
//! The demo (`portcullis-demo`) and the end-to-end tests stand on the same stage. Everything in it is real: nginx,
//! curl, the kernel, and our own binaries as a user runs them. Nothing is reachable from outside of the namespaces,
//! and all of it is gone when the stage is dropped.

pub mod api;
mod netns;
mod network;
mod nginx;
pub mod rest;
pub mod site;
pub mod stage;
pub mod traffic;

pub use netns::Namespace;
pub use network::{CLIENT_V6, Network, SERVER_V4, SERVER_V6, SERVICE};
