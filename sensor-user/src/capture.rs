//! Where packets come from: the eBPF tap, live libpcap, or capture files. All of them end in [`Segment`].

pub mod decode;
pub mod ebpf;
pub mod file;
pub mod live;
pub mod rules;

use crate::{counters::Counters, flow::Advice, interfaces::SelectionError, segment::Segment};

/// One live origin of segments, owned by one shard thread.
pub trait Source: Send {
    /// Hands over what has arrived, waiting at most a few milliseconds where there is nothing.
    fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError>;

    /// Leaves alone what nobody wants, where it can.
    fn heed(&mut self, _advice: &Advice) {}

    /// Packets lost since the start because they were not read in time. Nothing, where the origin sheds by itself.
    fn lost(&mut self) -> u64 {
        0
    }

    /// What was captured and what was lost, by cause.
    fn counters(&mut self) -> Counters;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// How many segments were handed over.
    Segments(usize),
    /// Nothing came within the wait.
    Idle,
    /// The origin is gone for good (interface removed).
    Ended,
}

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("{place}: {what}; {next_step}")]
    Failed { place: String, what: String, next_step: String },
    #[error("{interface} cannot be watched: {why}")]
    Refused { interface: String, why: String },
    #[error(transparent)]
    Interfaces(#[from] SelectionError),
}
