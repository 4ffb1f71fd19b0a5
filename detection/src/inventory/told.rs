use std::sync::{PoisonError, atomic::Ordering};

use super::{EndpointFacts, Inventory, Site};

/// What names an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EndpointName {
    pub method: String,
    pub host: String,
    /// Of the overlay network that it was seen in.
    pub vni: Option<u32>,
    pub template: String,
}

/// What is new, as much as goes into one message: endpoints as they are now, and those that are no longer any.
#[derive(Clone, Debug, Default)]
pub struct InventoryBatch {
    /// Counts up from 1. Tell with it that the batch has arrived, or that it must be told again.
    pub number: u64,
    pub endpoints: Vec<(EndpointName, EndpointFacts)>,
    /// Templates that became one with another.
    pub removed: Vec<EndpointName>,
}

impl EndpointName {
    pub(super) fn of(site: &Site, method_and_template: &str) -> Option<Self> {
        let (method, template) = method_and_template.split_once(' ')?;
        Some(Self {
            method: method.to_owned(),
            host: site.host.clone(),
            vni: site.vni,
            template: template.to_owned(),
        })
    }
}

impl Inventory {
    /// At most `most` endpoints that have changed since they were told; with `counts`, those too of which no more is new
    /// than how often they were asked for. `None` where nothing is new.
    pub(crate) fn batch(&self, most: usize, counts: bool) -> Option<InventoryBatch> {
        let number = self.batches.fetch_add(1, Ordering::Relaxed) + 1;
        let mut batch = InventoryBatch { number, ..InventoryBatch::default() };
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = most.saturating_sub(batch.removed.len()).min(shard.removed.len());
            batch.removed.extend(shard.removed.drain(..room));
            for (site, known) in &mut shard.hosts {
                known.root.each_named(&mut String::new(), &mut |method, template, endpoint| {
                    let telling = &mut endpoint.telling;
                    let is_new = telling.changed > telling.told || (counts && telling.counted > telling.told);
                    if batch.endpoints.len() >= most || !is_new {
                        return;
                    }
                    telling.under_way = Some((number, telling.counted));
                    let name = EndpointName {
                        method: method.to_owned(),
                        host: site.host.clone(),
                        vni: site.vni,
                        template: template.to_owned(),
                    };
                    batch.endpoints.push((name, endpoint.told()));
                });
            }
        }
        (!batch.endpoints.is_empty() || !batch.removed.is_empty()).then_some(batch)
    }

    /// A batch has arrived for good.
    pub(crate) fn arrived(&self, number: u64) {
        self.each_under_way(|telling| {
            if let Some((batch, told)) = telling.under_way
                && batch == number
            {
                (telling.told, telling.under_way) = (telling.told.max(told), None);
            }
        });
    }

    /// A batch was lost: what was in it is new again, and so is what it said was removed.
    pub(crate) fn lost(&self, removed: Vec<EndpointName>) {
        self.each_under_way(|telling| telling.under_way = None);
        for name in removed {
            let site = Site { vni: name.vni, host: name.host.clone() };
            let shard = self.shards.get(self.hasher.hash_one(&site) as usize % super::SHARDS);
            if let Some(shard) = shard {
                shard.lock().unwrap_or_else(PoisonError::into_inner).removed.push(name);
            }
        }
    }

    /// Nothing of it was told to whoever asks now.
    pub(crate) fn tell_all_again(&self) {
        self.each_under_way(|telling| (telling.told, telling.under_way) = (0, None));
    }

    fn each_under_way(&self, mut change: impl FnMut(&mut super::endpoint::Telling)) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            for host in shard.hosts.values_mut() {
                host.root.each_named(&mut String::new(), &mut |_, _, endpoint| change(&mut endpoint.telling));
            }
        }
    }
}
