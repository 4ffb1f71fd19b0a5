use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use super::{Capture, Enforce, Options, RunError};
use crate::{
    capture::{
        Source,
        ebpf::{InterfaceTap, MAX_SHARDS, Tap, TapOptions},
        live::LiveCapture,
    },
    counters::Counters,
    enforce::{self, Enforcer, GateMode, GateOptions, Mode},
};

/// More shards than this find nothing to do on most nodes; who has the traffic says so.
const DEFAULT_SHARDS: usize = 4;

/// Where this run's packets come from.
pub(super) struct Origin {
    /// One for each shard, with the interface that its exchanges are tagged with.
    pub(super) sources: Vec<(Box<dyn Source>, String)>,
    pub(super) watched: Watched,
}

/// How the interfaces are watched, for as long as they are.
pub(super) struct Watched {
    pub(super) interfaces: Vec<InterfaceTap>,
    /// The programs in the kernel; dropping them ends the capture.
    tap: Option<Mutex<Tap>>,
}

impl Watched {
    /// What the kernel side counted; libpcap's own counts come with its sources.
    pub(super) fn counters(&self) -> Counters {
        let tap = self.tap.as_ref().map(|tap| tap.lock().unwrap_or_else(PoisonError::into_inner));
        tap.map_or_else(Counters::default, |tap| tap.counters())
    }
}

impl Origin {
    pub(super) fn open(options: &Options, interfaces: &[String]) -> Result<Self, RunError> {
        match options.capture {
            Capture::Ebpf => Self::ebpf(options.shards.unwrap_or_else(default_shards), interfaces),
            Capture::Pcap => Self::pcap(interfaces),
        }
    }

    /// One ring buffer for each shard, whatever the interface: a flow has one owner.
    fn ebpf(shards: usize, interfaces: &[String]) -> Result<Self, RunError> {
        let mut tap = Tap::load(&TapOptions { shards: shards.min(MAX_SHARDS), ..TapOptions::default() })?;
        for interface in interfaces {
            tap.attach(interface)?;
        }
        let tag = interfaces.join(",");
        let sources = tap.take_sources().into_iter();
        let sources = sources.map(|source| (Box::new(source) as Box<dyn Source>, tag.clone())).collect();
        let watched = Watched { interfaces: tap.interfaces().to_vec(), tap: Some(Mutex::new(tap)) };
        Ok(Self { sources, watched })
    }

    /// One capture, and so one shard, for each interface.
    fn pcap(interfaces: &[String]) -> Result<Self, RunError> {
        let mut sources: Vec<(Box<dyn Source>, String)> = Vec::new();
        let mut watched = Watched { interfaces: Vec::new(), tap: None };
        for name in interfaces {
            sources.push((Box::new(LiveCapture::open(name)?), name.clone()));
            let note = "chosen with --capture pcap".to_owned();
            watched.interfaces.push(InterfaceTap { name: name.clone(), mode: "pcap", note });
        }
        Ok(Self { sources, watched })
    }
}

fn default_shards() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(DEFAULT_SHARDS)
}

/// What drops packets on these interfaces; `None` where nothing is to.
pub(super) fn enforcer(
    options: &Options,
    interfaces: &[String],
) -> Result<Option<Box<dyn Enforcer>>, RunError> {
    let mode = match (options.enforce, options.capture) {
        (Enforce::Off, _) => return Ok(None),
        (Enforce::Auto, Capture::Ebpf) => Mode::Auto,
        (Enforce::Xdp, _) => Mode::Xdp,
        (Enforce::Nftables, _) | (Enforce::Auto, Capture::Pcap) => Mode::Nftables,
    };
    // Dropping a trusted proxy would cut off everybody behind it.
    let allow = options.allow.iter().chain(&options.trusted_proxies).copied().collect();
    let gate_mode = if options.monitor { GateMode::Monitor } else { GateMode::Enforce };
    let options = GateOptions {
        interfaces: interfaces.to_vec(),
        pin_dir: options.pin_dir.clone(),
        allow,
        xdp_mode: options.xdp_mode,
    };
    let mut enforcer = enforce::open(mode, options)?;
    enforcer.set_mode(gate_mode)?;
    Ok(Some(enforcer))
}
