use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{Interface, Selection, SelectionError};
use crate::kernel::netlink::LinkChanges;

/// So long changes are gathered: a node that starts has hundreds within a second.
const GATHER: Duration = Duration::from_millis(50);

/// How often everything is looked at without a change: programs of others come and go on an interface untold.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How long a wait may be deaf to the end.
const WAIT: Duration = Duration::from_millis(200);

/// Tells which of the meant interfaces are there, each time that may have changed. For the network namespace of the
/// thread that made it.
#[derive(Debug)]
pub struct Follower {
    selection: Selection,
    changes: LinkChanges,
}

impl Follower {
    /// Nothing that changes from here on is missed.
    pub fn new(selection: Selection) -> Result<Self, SelectionError> {
        Ok(Self { selection, changes: LinkChanges::subscribe()? })
    }

    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// Goes on until `stop`. Must run in the namespace it was made in.
    pub fn run(self, stop: &AtomicBool, mut each: impl FnMut(&[Interface])) {
        let mut told = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let changed = self.changes.wait(WAIT).unwrap_or_else(|error| {
                tracing::warn!(%error, "the kernel does not tell of interfaces; looking every few seconds");
                thread::sleep(WAIT);
                false
            });
            if !changed && told.elapsed() < LOOK_AGAIN {
                continue;
            }
            if changed {
                thread::sleep(GATHER);
            }
            told = Instant::now();
            match self.selection.present() {
                Ok(interfaces) => each(&interfaces),
                Err(error) => tracing::warn!(%error, "looking again in a moment"),
            }
        }
    }
}
