//! The control plane: takes events from sensors, keeps them, shows them to people, and tells every sensor whom to
//! block.
//!
//! `ingest` and `fleet` talk to sensors over gRPC, `api` and `console` to people over HTTP, and all of them meet in
//! `store`, the only room that keeps anything. Nothing here looks at packets, and nothing judges
//! an exchange but for a policy's trial over stored ones.

mod accounts;
mod api;
pub mod auth;
pub mod authority;
pub mod backup;
mod blocking;
pub mod cli;
pub mod clock;
pub mod configuration;
mod console;
mod country;
pub mod data_dir;
pub mod fleet;
mod grpc;
mod ingest;
mod issues;
mod notify;
mod oidc;
mod outbound;
mod policies;
mod retention;
mod room;
mod server;
pub mod store;
mod tickets;
mod transport;
mod vault;

pub use accounts::{AccountId, BadAccountId, OpenError};
pub use api::openapi;
pub use country::CountryError;
pub use oidc::{OidcError, OidcSettings};
pub use outbound::{NotifySettings, OutboundError};
pub use server::{Config, Server, StartError};
pub use vault::VaultError;
