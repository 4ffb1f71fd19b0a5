//! The gRPC contract between sensor and control plane, generated from `sensor.proto`.
//!
//! Nothing here decides anything: conversions between these messages and the types of a room live in that room.

pub mod authority;
pub mod encoded;

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    unreachable_pub,
    unused_qualifications,
    reason = "generated"
)]
pub mod v1 {
    tonic::include_proto!("portcullis.sensor.v1");
}
