//! Notifications, to small real servers on loopback.

mod formats;
pub mod receiver;
mod refused;
mod retries;
mod targets;
