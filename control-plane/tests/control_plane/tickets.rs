//! Tickets, against trackers that take what their documentation says and nothing else.

mod bulk;
mod failures;
mod integrations;
mod making;
pub mod setup;
mod sync;
pub mod tracker;
