use std::{sync::Arc, time::Duration};

use portcullis_proto::v1::InventoryUpdate;
use tokio::{
    task::spawn_blocking,
    time::{Interval, MissedTickBehavior, interval},
};
use tonic::Status;

use super::Node;

const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Looks after which mere counts are told too.
const COUNTS_EVERY: u32 = 12;

/// Tells what is new at the endpoints, one update after the other. One that is not acknowledged when the stream ends is
/// told again on the next.
pub(super) struct Telling {
    node: Arc<dyn Node>,
    looks: Interval,
    looked: u32,
    under_way: Option<InventoryUpdate>,
}

impl Telling {
    pub(super) fn new(node: Arc<dyn Node>) -> Self {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { node, looks, looked: 0, under_way: None }
    }

    /// Resolves when it is time to look for the next update.
    pub(super) async fn due(&mut self) {
        self.looks.tick().await;
    }

    pub(super) async fn next(&mut self) -> Result<Option<InventoryUpdate>, Status> {
        if self.under_way.is_some() {
            return Ok(None);
        }
        let (node, counts) = (Arc::clone(&self.node), self.looked.is_multiple_of(COUNTS_EVERY));
        self.looked = self.looked.wrapping_add(1);
        self.under_way = spawn_blocking(move || node.inventory(counts))
            .await
            .map_err(|_| Status::internal("gathering the inventory failed on this sensor"))?;
        Ok(self.under_way.clone())
    }

    pub(super) fn arrived(&mut self, number: u64) {
        if self.under_way.take_if(|update| update.number == number).is_some() {
            self.node.inventory_arrived(number);
            // There may be more of the same.
            self.looks.reset_immediately();
            self.looked = self.looked.wrapping_sub(1);
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some(update) = self.under_way.take() {
            self.node.inventory_lost(update);
        }
    }
}
