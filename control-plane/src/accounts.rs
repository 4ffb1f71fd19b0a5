//! Accounts. Each is a whole control plane of its own: store, users, revisions, sensors, notifications, audit log. Nothing
//! of one can be asked for through another, because no query ever reaches into two.
//!
//! The first account is the operator's, and keeps its place in the data folder; the others lie in `accounts/<id>/`.
//! Whose a request is stands in the key, session or certificate that it comes with, and is looked up in `planes` alone.

mod id;
mod plane;
mod planes;
mod share;
mod vni;

use crate::store::SensorRecord;

pub use self::{
    id::{AccountId, BadAccountId},
    plane::OpenError,
};
pub(crate) use self::{
    plane::{Plane, Setup},
    planes::{AccountsError, Planes, create, erase, prepare},
    vni::VniMapping,
};

/// Whether a sensor that names this account may write for the account that it belongs to.
pub(crate) fn may_name(sensor: &SensorRecord, own: &str, named: &str) -> bool {
    // One that enrolled before sensors were bound to accounts names what it was started with.
    sensor.account_id.is_none() || named.is_empty() || named == own
}
