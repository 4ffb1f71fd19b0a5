//! Notifications: what is told to other systems of new events.
//!
//! The store puts them into its outbox in the transaction that stores the event. Here they are taken out in order, each
//! target's by itself, and sent until the target takes them: at least once, always under the same id.

mod format;
mod send;
mod target;
mod worker;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use self::send::Sender;
pub(crate) use self::{
    send::Outcome,
    target::{Access, BadTarget},
    worker::run,
};
use crate::{
    clock::EpochMillis,
    outbound::Outbound,
    store::{Notice, Queued, Store, StoreError, TargetKind, TargetRecord},
    vault::{Locked, Vault},
};

pub(crate) struct Notifier {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
    sender: Sender,
    wake: tokio::sync::Notify,
}

impl Notifier {
    pub(crate) fn new(store: Arc<dyn Store>, vault: Arc<Vault>, outbound: Arc<Outbound>) -> Self {
        Self { store, vault, sender: Sender::new(outbound), wake: tokio::sync::Notify::new() }
    }

    /// Says that something may be due. The worker looks by itself, too, only later.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Address and secret as the store keeps them, and what is shown of the address.
    pub(crate) fn seal(
        &self,
        id: &str,
        kind: TargetKind,
        access: &Access,
    ) -> Result<(String, Vec<u8>), BadTarget> {
        let shown = access.check(kind, self.sender.gate())?;
        Ok((shown, self.vault.seal(id, access)?))
    }

    pub(crate) fn open(&self, target: &TargetRecord) -> Result<Access, BadTarget> {
        self.vault.open(&target.id, &target.sealed).map_err(|Locked| BadTarget::Sealed)
    }

    /// Sends an event that never was, at once and once.
    pub(crate) async fn test(&self, target: &TargetRecord) -> Tried {
        let notice = Notice::test(EpochMillis::now());
        self.send(target, &[Queued { seq: 0, id: Uuid::now_v7(), notice }]).await
    }

    async fn send(&self, target: &TargetRecord, queued: &[Queued]) -> Tried {
        let (at, began) = (EpochMillis::now(), Instant::now());
        let outcome = match self.open(target) {
            Ok(access) => self.sender.send(target.kind, &access, queued).await,
            Err(error) => Outcome::failed(error),
        };
        let id = queued.first().map_or_else(Uuid::nil, |first| first.id);
        Tried { id, at, took: began.elapsed(), outcome }
    }
}

/// One attempt, as it went.
pub(crate) struct Tried {
    pub(crate) id: Uuid,
    pub(crate) at: EpochMillis,
    pub(crate) took: Duration,
    pub(crate) outcome: Outcome,
}

impl From<StoreError> for BadTarget {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
