//! Who is blocked on this node: by order of the control plane, and at once because a policy says so.
//!
//! Automatic blocks stand apart from the ordered ones until the control plane has made one of them: a snapshot that was
//! made before does not lift them, and the next start puts them in force again.

mod actors;
mod automatic;
mod blocker;
mod breaker;
mod distinct;
mod node;
mod ordered;
mod proxied;

use std::time::Duration;

pub use self::{
    actors::BlockedActors,
    automatic::KeptError,
    blocker::{Blocker, Offered},
    breaker::Limits,
    node::{NodeBlocks, Options},
    ordered::OrderedBlocks,
    proxied::ProxiedHeads,
};

pub(crate) use self::node::Wish;

/// For policies that name none, and blocks of people too.
pub const DEFAULT_TTL: Duration = Duration::from_secs(4 * 3600);
