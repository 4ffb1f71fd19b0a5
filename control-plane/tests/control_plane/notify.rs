//! Notifications, to small real servers on loopback.

mod formats;
mod receiver;
mod refused;
mod retries;
mod targets;
