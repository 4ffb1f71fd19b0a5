//! What the commands print: one JSON shape per kind of line.

mod exchange_json;

pub use exchange_json::exchange_json;
