//! HTTP/2 on the wire: written by hand where an honest peer would not, and by real peers.

mod corners;
mod detection;
pub(crate) mod frames;
mod grpc;
mod hostile;
mod joining;
mod programs;
mod real_peers;
mod recording;
mod upgrade;
