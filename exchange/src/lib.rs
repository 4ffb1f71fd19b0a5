//! The exchange: one HTTP request with its response, as the wire showed them.
//!
//! This is the type that travels furthest. The agent's `http` room makes it, `tag` adds who and where, `detect`
//! judges it, and the control plane reads it back from stored samples. It holds no sockets, no clocks and no
//! policy: only what was said, and what is odd about how it was said.

mod body;
mod fact;
mod grpc;
mod headers;
mod message;
mod tag;
mod time;

pub use body::{Body, BodyFault};
pub use fact::{Fact, Facts, Incomplete};
pub use grpc::{Grpc, GrpcMessages};
pub use headers::{Headers, HeadersBuilder};
pub use message::{Exchange, Protocol, Request, Response};
pub use tag::{Actor, ActorSource, Identity, TaggedExchange, Tags};
pub use time::Timestamp;
