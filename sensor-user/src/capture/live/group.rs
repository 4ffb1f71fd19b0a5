//! Interfaces that come and go, behind one source: shards are made at the start, and pods are not.

use std::{
    os::fd::{AsRawFd as _, BorrowedFd},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use nix::poll::{PollFd, PollFlags, poll};

use super::{LiveCapture, WAIT_MILLIS};
use crate::{
    capture::{CaptureError, Polled, Source},
    counters::Counters,
    segment::Segment,
};

/// Interfaces at a time. Each holds a buffer in the kernel, so this bounds memory to 256 MiB.
pub const MOST_GROUPED: usize = 64;
const KERNEL_BUFFER: i32 = 4 << 20;

/// The captures that are there; never at its end, since another may come.
pub struct LiveGroup {
    captures: Vec<LiveCapture>,
    newcomers: Receiver<LiveCapture>,
    /// What those counted that have gone.
    gone: Counters,
    gone_lost: u64,
}

/// Puts interfaces into a [`LiveGroup`], from another thread.
pub struct LiveGroupEntry(SyncSender<LiveCapture>);

pub fn live_group() -> (LiveGroupEntry, LiveGroup) {
    let (entry, newcomers) = sync_channel(MOST_GROUPED);
    (
        LiveGroupEntry(entry),
        LiveGroup { captures: Vec::new(), newcomers, gone: Counters::default(), gone_lost: 0 },
    )
}

impl LiveGroupEntry {
    /// From its opening on nothing is missed.
    pub fn add(&self, interface: &str) -> Result<(), CaptureError> {
        let capture = LiveCapture::with_buffer(interface, KERNEL_BUFFER)?;
        self.0.try_send(capture).map_err(|_| CaptureError::Refused {
            interface: interface.to_owned(),
            why: "the shard that is to read it does not take up interfaces; it is tried again".to_owned(),
        })
    }
}

impl LiveGroup {
    fn wait(&self) {
        if self.captures.is_empty() {
            thread::sleep(Duration::from_millis(WAIT_MILLIS.into()));
            return;
        }
        let descriptors = self.captures.iter().map(|capture| {
            // SAFETY: the descriptor belongs to `capture`, which outlives this borrow.
            let descriptor = unsafe { BorrowedFd::borrow_raw(capture.capture.as_raw_fd()) };
            PollFd::new(descriptor, PollFlags::POLLIN)
        });
        // An interruption or an error shows in the read that follows.
        poll(&mut descriptors.collect::<Vec<_>>(), WAIT_MILLIS).ok();
    }

    fn bury(&mut self, mut capture: LiveCapture) {
        tracing::info!(interface = capture.interface(), "is gone and no longer watched");
        self.gone_lost += capture.lost();
        // What is a gauge is nothing any more.
        let counted = capture.counters();
        self.gone.merge(&counted.iter().filter(|(name, _)| name.ends_with("_total")).collect());
    }
}

impl Source for LiveGroup {
    fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
        self.captures.extend(self.newcomers.try_iter());
        self.wait();
        let (mut segments, mut at) = (0, 0);
        while let Some(capture) = self.captures.get_mut(at) {
            match capture.read(each) {
                Ok(Polled::Segments(more)) => segments += more,
                Ok(Polled::Idle) => {}
                ended => {
                    if let Err(error) = ended {
                        tracing::warn!(%error, "no longer watched; the other interfaces go on");
                    }
                    let ended = self.captures.swap_remove(at);
                    self.bury(ended);
                    continue;
                }
            }
            at += 1;
        }
        Ok(if segments > 0 { Polled::Segments(segments) } else { Polled::Idle })
    }

    fn lost(&mut self) -> u64 {
        self.gone_lost + self.captures.iter_mut().map(Source::lost).sum::<u64>()
    }

    fn counters(&mut self) -> Counters {
        let mut sum = self.gone.clone();
        for capture in &mut self.captures {
            sum.merge(&capture.counters());
        }
        sum
    }
}
