//! Tickets, against trackers that take what their documentation says and nothing else.

mod bulk;
mod failures;
mod integrations;
mod making;
mod setup;
mod sync;
mod tracker;
