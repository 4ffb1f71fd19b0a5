use std::collections::BTreeMap;

use portcullis_proto::v1::{EndpointName, InventoryUpdate};

use super::Fleet;
use crate::{
    accounts,
    store::{SensorRecord, StoreError},
};

/// As sensors keep them, with room to spare: what is larger is cut or left out.
const MAX_ENDPOINTS: usize = 4096;
const MAX_PARAMETERS: usize = 128;
const MAX_STATUSES: usize = 64;
const MAX_WORDS: usize = 32;
const MAX_NAME: usize = 256;
const MAX_TEMPLATE: usize = 4096;
/// The year 10000, in milliseconds.
const END_OF_TIME: u64 = 253_402_300_800_000;

impl Fleet {
    /// Stores what a sensor learned. Blocks. An error is no answer: the sensor will tell it again.
    pub(crate) fn take_inventory(
        &self,
        sensor: &SensorRecord,
        update: InventoryUpdate,
    ) -> Result<(), StoreError> {
        if !accounts::may_name(sensor, &self.account_id, &update.account_id) {
            // Acknowledged all the same: told again it would be no less another's.
            tracing::warn!(sensor = sensor.id, "endpoints of an account that this sensor does not belong to");
            return Ok(());
        }
        let told = update.endpoints.len();
        let update = bounded(update);
        let left_out = told - update.endpoints.len();
        let mut evicted = 0;
        for (id, part) in by_network(&sensor.id, update) {
            evicted += self.store.take_inventory(&id, part)?.evicted;
        }
        if left_out > 0 || evicted > 0 {
            tracing::warn!(
                sensor = sensor.id,
                left_out,
                evicted,
                "endpoints are not kept: they are too many, or break the contract"
            );
        }
        Ok(())
    }
}

/// Hosts of two networks may have the same name: what is seen in one is kept apart, as if another sensor had seen it.
fn by_network(sensor_id: &str, update: InventoryUpdate) -> BTreeMap<String, InventoryUpdate> {
    let InventoryUpdate { number, endpoints, removed, account_id, api_collection_id } = update;
    let key = |name: Option<&EndpointName>| match name.and_then(|name| name.vni) {
        Some(vni) => format!("{sensor_id}/{vni}"),
        None => sensor_id.to_owned(),
    };
    let empty = || InventoryUpdate {
        number,
        account_id: account_id.clone(),
        api_collection_id,
        ..InventoryUpdate::default()
    };
    let mut parts = BTreeMap::<String, InventoryUpdate>::new();
    for endpoint in endpoints {
        let part = parts.entry(key(endpoint.name.as_ref())).or_insert_with(empty);
        part.endpoints.push(endpoint);
    }
    for name in removed {
        parts.entry(key(Some(&name))).or_insert_with(empty).removed.push(name);
    }
    parts
}

/// A sensor is enrolled, but what it tells is what clients sent.
fn bounded(mut update: InventoryUpdate) -> InventoryUpdate {
    update.endpoints.truncate(MAX_ENDPOINTS);
    update.endpoints.retain(|endpoint| {
        endpoint.name.as_ref().is_some_and(is_sound)
            && endpoint.since_ms < END_OF_TIME
            && endpoint.last_seen_ms < END_OF_TIME
            && endpoint.statuses.len() <= MAX_STATUSES
            && endpoint.auth.len() <= MAX_WORDS
            && endpoint.auth.keys().all(|kind| kind.len() <= MAX_NAME)
    });
    for endpoint in &mut update.endpoints {
        endpoint.parameters.truncate(MAX_PARAMETERS);
        endpoint.parameters.retain(|one| {
            one.name.len() <= MAX_NAME && one.location.len() <= MAX_NAME && is_short(&one.types)
        });
        for words in [
            &mut endpoint.request_types,
            &mut endpoint.response_types,
            &mut endpoint.sensitive_in_requests,
            &mut endpoint.sensitive_in_responses,
        ] {
            words.truncate(MAX_WORDS);
            words.retain(|word| word.len() <= MAX_NAME);
        }
    }
    update.removed.truncate(MAX_ENDPOINTS);
    update
}

fn is_sound(name: &EndpointName) -> bool {
    !name.method.is_empty()
        && name.method.len() <= MAX_NAME
        && name.host.len() <= MAX_NAME
        && name.template.len() <= MAX_TEMPLATE
}

fn is_short(words: &[String]) -> bool {
    words.len() <= MAX_WORDS && words.iter().all(|word| word.len() <= MAX_NAME)
}
