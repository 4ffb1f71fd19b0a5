use std::{
    sync::{Mutex, PoisonError},
    thread,
    time::SystemTime,
};

use super::{Capture, Enforce, Options, RunError};
use crate::{
    capture::{
        CaptureError, Source,
        ebpf::{Hook, InterfaceTap, MAX_SHARDS, Tap, TapOptions},
        live::LiveCapture,
    },
    counters::Counters,
    enforce::{self, Enforcer, GateMode, GateOptions, Mode, cut::FlowCutter},
    interfaces::{Interface, Selection},
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
pub(super) enum Watched {
    /// The programs in the kernel; dropping them ends the capture.
    Tap(Mutex<Tap>),
    /// libpcap's captures belong to their shards; here is what is known of them.
    Pcap(Mutex<Vec<InterfaceTap>>),
}

impl Watched {
    /// What the kernel side counted; libpcap's own counts come with its sources.
    pub(super) fn counters(&self) -> Counters {
        let mut counters = match self {
            Self::Tap(tap) => tap.lock().unwrap_or_else(PoisonError::into_inner).counters(),
            Self::Pcap(_) => Counters::default(),
        };
        let interfaces = self.interfaces();
        let count = |which: fn(&&InterfaceTap) -> bool| interfaces.iter().filter(which).count() as u64;
        counters.add("tap_interfaces", count(|tap| tap.mode != "none"));
        counters.add("tap_interfaces_missed", count(|tap| tap.mode == "none"));
        counters.add("tap_interfaces_behind_others", count(|tap| !tap.ahead.is_empty()));
        counters
    }

    pub(super) fn interfaces(&self) -> Vec<InterfaceTap> {
        match self {
            Self::Tap(tap) => tap.lock().unwrap_or_else(PoisonError::into_inner).interfaces(),
            Self::Pcap(taps) => taps.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    /// Watches exactly these from here on. libpcap goes on with those of its start.
    pub(super) fn follow(&self, interfaces: &[Interface]) {
        match self {
            Self::Tap(tap) => {
                let mut tap = tap.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = tap.follow(interfaces) {
                    tracing::error!(%error, "interfaces that come are not tapped");
                }
            }
            Self::Pcap(taps) => {
                let mut taps = taps.lock().unwrap_or_else(PoisonError::into_inner);
                taps.retain(|tap| interfaces.iter().any(|interface| interface.index == tap.index));
                for interface in interfaces {
                    if taps.iter().all(|tap| tap.index != interface.index) {
                        let note = "it came after the start, and libpcap watches what was there then; start the \
                                    sensor again, or use --capture ebpf";
                        tracing::warn!(interface = interface.name, why = note, "not watched");
                        taps.push(pcap_state(interface, "none", note.to_owned()));
                    }
                }
            }
        }
    }
}

impl Origin {
    pub(super) fn open(options: &Options, selection: &Selection) -> Result<Self, RunError> {
        match options.capture {
            Capture::Ebpf => Self::ebpf(options, selection),
            Capture::Pcap => Self::pcap(selection),
        }
    }

    /// One ring buffer for each shard, whatever the interface: a flow has one owner.
    fn ebpf(options: &Options, selection: &Selection) -> Result<Self, RunError> {
        let shards = options.shards.unwrap_or_else(default_shards);
        let mut tap = Tap::load(&TapOptions {
            shards: shards.min(MAX_SHARDS),
            answer_keep: options.answer_bytes,
            ..TapOptions::default()
        })?;
        tap.keep_traces(&options.pin_dir);
        tap.follow(&selection.resolve()?)?;
        let missed = |tap: &InterfaceTap| tap.mode == "none" && selection.names(&tap.name);
        if let Some(missed) = tap.interfaces().into_iter().find(missed) {
            return Err(CaptureError::Refused { interface: missed.name, why: missed.note }.into());
        }
        let tag = selection.words().join(",");
        let sources = tap.take_sources().into_iter();
        let sources = sources.map(|source| (Box::new(source) as Box<dyn Source>, tag.clone())).collect();
        Ok(Self { sources, watched: Watched::Tap(Mutex::new(tap)) })
    }

    /// One capture, and so one shard, for each interface.
    fn pcap(selection: &Selection) -> Result<Self, RunError> {
        let mut sources: Vec<(Box<dyn Source>, String)> = Vec::new();
        let mut taps = Vec::new();
        for interface in selection.resolve()? {
            match LiveCapture::open(&interface.name) {
                Ok(capture) => {
                    sources.push((Box::new(capture), interface.name.clone()));
                    taps.push(pcap_state(&interface, "pcap", "chosen with --capture pcap".to_owned()));
                }
                Err(error) if selection.names(&interface.name) => return Err(error.into()),
                Err(error) => {
                    tracing::warn!(%error, interface = interface.name, "not watched");
                    taps.push(pcap_state(&interface, "none", error.to_string()));
                }
            }
        }
        Ok(Self { sources, watched: Watched::Pcap(Mutex::new(taps)) })
    }
}

fn pcap_state(interface: &Interface, mode: &'static str, note: String) -> InterfaceTap {
    InterfaceTap {
        name: interface.name.clone(),
        index: interface.index,
        mode,
        note,
        since: SystemTime::now(),
        failures: u64::from(mode == "none"),
        ahead: Vec::new(),
    }
}

fn default_shards() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(DEFAULT_SHARDS)
}

/// What drops packets on these interfaces; `None` where nothing is to.
pub(super) fn enforcer(
    options: &Options,
    selection: &Selection,
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
        interfaces: selection.clone(),
        pin_dir: options.pin_dir.clone(),
        allow,
        xdp_mode: options.xdp_mode,
    };
    let mut enforcer = enforce::open(mode, options)?;
    enforcer.set_mode(gate_mode)?;
    Ok(Some(enforcer))
}

/// What cuts connections on these interfaces, or why nothing does.
pub(super) fn cutter(options: &Options, selection: &Selection) -> Result<FlowCutter, String> {
    let why_not = match (options.enforce, options.capture) {
        (Enforce::Off, _) => "this sensor runs with --enforce off",
        _ if options.trusted_proxies.is_empty() => "no proxy is trusted",
        (Enforce::Auto | Enforce::Nftables, Capture::Pcap) => {
            "it needs eBPF, and this sensor runs with --capture pcap"
        }
        _ => "",
    };
    if !why_not.is_empty() {
        return Err(why_not.to_owned());
    }
    let mut cutter = FlowCutter::load().map_err(|error| {
        tracing::warn!(%error, "connections of blocked actors behind trusted proxies are not cut");
        error.to_string()
    })?;
    cutter.follow(&selection.present().map_err(|error| error.to_string())?, Hook::Best);
    Ok(cutter)
}
