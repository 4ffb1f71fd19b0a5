//! What the operator's sensors saw in overlay networks goes to the accounts that these belong to.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_proto::v1::{InventoryAck, InventoryUpdate, ThreatEvent};

use super::{AccountId, Plane, Planes, VniMapping, vni::Owner};
use crate::{
    ingest::IngestCounts,
    store::{SensorRecord, StoreError},
};

/// Whom a tenant is told of instead of the operator's sensor.
const OPERATOR: &str = "operator";

impl Planes {
    /// Stores what a sensor of this account sent, each event where it belongs. Durable when it returns. Blocks.
    pub(crate) fn take(
        &self,
        plane: &Arc<Plane>,
        sensor: &SensorRecord,
        events: Vec<ThreatEvent>,
    ) -> Result<(), StoreError> {
        let mapping = self.mapping();
        if plane.account.is_some() || mapping.is_empty() {
            return plane.ingest.take(sensor, events).map(|_| ());
        }
        let (mut own, mut others) = (Vec::new(), BTreeMap::<AccountId, Vec<ThreatEvent>>::new());
        for mut event in events {
            let Owner { account, collection } = owner(&mapping, vni_of(&event));
            event.api_collection_id = collection.unwrap_or(event.api_collection_id);
            match account {
                None => own.push(event),
                Some(account) => {
                    event.account_id.clear();
                    others.entry(account).or_default().push(event);
                }
            }
        }
        let hidden = SensorRecord { id: OPERATOR.to_owned(), ..sensor.clone() };
        for (account, events) in others {
            let passed_on = events.len() as u64;
            self.mapped(&account)?.ingest.take(&hidden, events)?;
            let counts = IngestCounts { received: passed_on, passed_on, ..IngestCounts::default() };
            plane.ingest.counters().add(&sensor.id, &counts);
        }
        if own.is_empty() { Ok(()) } else { plane.ingest.take(sensor, own).map(|_| ()) }
    }

    /// As [`Self::take`], for the endpoints that it learned.
    pub(crate) fn learn(
        &self,
        plane: &Arc<Plane>,
        sensor: &SensorRecord,
        update: InventoryUpdate,
    ) -> Result<InventoryAck, StoreError> {
        let mapping = self.mapping();
        let ack = InventoryAck { number: update.number };
        if plane.account.is_some() || mapping.is_empty() {
            plane.fleet.take_inventory(sensor, update)?;
            return Ok(ack);
        }
        let InventoryUpdate { number, endpoints, removed, account_id, api_collection_id } = update;
        let empty = || InventoryUpdate { number, api_collection_id, ..InventoryUpdate::default() };
        let mut parts = BTreeMap::<Option<AccountId>, InventoryUpdate>::new();
        for endpoint in endpoints {
            let vni = endpoint.name.as_ref().and_then(|name| name.vni);
            let part = parts.entry(owner(&mapping, vni).account).or_insert_with(empty);
            part.endpoints.push(endpoint);
        }
        for name in removed {
            parts.entry(owner(&mapping, name.vni).account).or_insert_with(empty).removed.push(name);
        }
        for (account, mut part) in parts {
            match account {
                None => {
                    part.account_id.clone_from(&account_id);
                    plane.fleet.take_inventory(sensor, part)?;
                }
                Some(account) => self.mapped(&account)?.fleet.take_inventory(sensor, part)?,
            }
        }
        Ok(ack)
    }

    /// Nothing is lost where it cannot be opened: the sensor keeps what it has, and sends it again.
    fn mapped(&self, account: &AccountId) -> Result<Arc<Plane>, StoreError> {
        self.of(Some(account))?.ok_or_else(|| {
            StoreError::Damaged(format!("account {account}, which a VNI belongs to, is not open"))
        })
    }
}

/// Sensors of before said it of samples alone, and let those of several networks into one event.
fn vni_of(event: &ThreatEvent) -> Option<u32> {
    let mut samples = event.samples.iter().map(|sample| sample.vni);
    match event.vni {
        Some(vni) => Some(vni),
        None => {
            let first = samples.next().flatten()?;
            samples.all(|vni| vni == Some(first)).then_some(first)
        }
    }
}

fn owner(mapping: &VniMapping, vni: Option<u32>) -> Owner {
    vni.and_then(|vni| mapping.owner(vni)).cloned().unwrap_or_default()
}
