//! What endpoints there are, learned from the traffic to them.

mod shape;

pub use shape::looks_like_identifier;
