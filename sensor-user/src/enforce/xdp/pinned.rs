//! The maps' pins are looked after while the agent runs: without them the gate goes on, but the next agent would begin with
//! empty maps, and let everybody through until it has read its orders.

use std::path::PathBuf;

use aya::maps::MapData;
use portcullis_sensor_common::gate::MAPS;

use super::pins::Pins;
use crate::{
    enforce::EnforceError,
    kernel::{Lack, explain},
};

pub(super) struct Pinned {
    maps: Vec<(PathBuf, MapData)>,
    again: u64,
}

impl Pinned {
    /// Of maps that are pinned just now.
    pub(super) fn hold(pins: &Pins) -> Result<Self, EnforceError> {
        let held = MAPS.into_iter().map(|name| {
            let path = pins.map(name);
            let map = MapData::from_pin(&path).map_err(|error| {
                EnforceError::lack(name, Lack::new(explain(&error), "start the sensor again"))
            })?;
            Ok((path, map))
        });
        Ok(Self { maps: held.collect::<Result<_, EnforceError>>()?, again: 0 })
    }

    /// Puts back what somebody has taken away, unless an agent of another layout has taken over.
    pub(super) fn look(&mut self, pins: &Pins) -> Result<(), EnforceError> {
        let gone: Vec<_> = self.maps.iter().filter(|(path, _)| !path.exists()).collect();
        if gone.is_empty() || !pins.other_layouts()?.is_empty() {
            return Ok(());
        }
        let lack = |lack: Lack| EnforceError::lack("XDP gate", lack);
        pins.restore().map_err(lack)?;
        for (path, map) in &gone {
            map.pin(path).map_err(|error| {
                lack(Lack::new(explain(&error), format!("look at {}", pins.folder().display())))
            })?;
        }
        self.again += 1;
        tracing::warn!(
            maps = gone.len(),
            "somebody took pins of the gate's maps away; they are pinned again"
        );
        Ok(())
    }

    pub(super) fn again(&self) -> u64 {
        self.again
    }
}
