//! What the commands print: one JSON shape per kind of line.

mod event_json;
mod exchange_json;

pub use event_json::event_json;
pub use exchange_json::exchange_json;
