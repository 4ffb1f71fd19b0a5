//! How blocking on this node is doing, as its control plane is told.

use std::collections::BTreeSet;

use portcullis_proto::v1;

use super::NodeBlocks;
use crate::{blocking::breaker::Trip, counters::Counters, enforce::cut::FlowCutter};

/// Of interfaces where connections are not cut, or not by the better hook; a page shows no more.
const MAX_NOTES: usize = 8;

impl NodeBlocks {
    pub fn counters(&self) -> Counters {
        let (trips, is_tripped) = {
            let breaker = self.breaker();
            (breaker.trips(), breaker.tripped().is_some())
        };
        let state = self.state();
        let counts = &state.counts;
        let mut counters = Counters::from_iter([
            ("automatic_blocks_total", counts.made),
            ("automatic_blocks_repeated_total", counts.repeated),
            ("automatic_block_refusals_total", counts.refused),
            ("automatic_blocks_held_back_total", counts.held_back),
            ("automatic_blocks_failed_total", counts.failed),
            ("automatic_block_reports_lost_total", counts.reports_lost),
            ("automatic_blocks_waiting", state.automatic.waiting() as u64),
            ("automatic_blocking_trips_total", trips),
            ("automatic_blocking_tripped", u64::from(is_tripped)),
        ]);
        match &state.cutter {
            Ok(cutter) => counters.merge(&cutter.counters()),
            Err(_) => counters.merge(&FlowCutter::no_counters()),
        }
        counters
    }

    pub fn automatic_blocking(&self) -> v1::AutomaticBlocking {
        let says = |mode: &str, reason: &str, tripped_ms| v1::AutomaticBlocking {
            mode: mode.to_owned(),
            reason: reason.to_owned(),
            tripped_ms,
        };
        if let Some(reason) = self.off(&self.state()) {
            return says("off", reason, 0);
        }
        match self.breaker().tripped() {
            None => says("armed", "", 0),
            Some(Trip { at, reason }) => {
                says("tripped", reason, u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
            }
        }
    }

    pub fn flow_cutting(&self) -> v1::FlowCutting {
        let state = self.state();
        let off = |note: &str| v1::FlowCutting { mode: "off".to_owned(), note: note.to_owned() };
        let cutter = match &state.cutter {
            Ok(cutter) => cutter,
            Err(why) => return off(why),
        };
        let (mut modes, mut notes) = (BTreeSet::new(), Vec::new());
        for at in cutter.interfaces() {
            match &at.hook {
                Ok(hook) => {
                    modes.insert(hook.mode);
                    notes.extend((!hook.note.is_empty()).then(|| format!("{}: {}", at.name, hook.note)));
                }
                Err(why) => notes.push(format!("not on {}: {why}", at.name)),
            }
        }
        notes.truncate(MAX_NOTES);
        let mode = if modes.is_empty() {
            "off".to_owned()
        } else {
            modes.into_iter().collect::<Vec<_>>().join(", ")
        };
        v1::FlowCutting { mode, note: notes.join("; ") }
    }
}
