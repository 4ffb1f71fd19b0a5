use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::SystemTime,
};

use arc_swap::ArcSwap;

use super::{Capture, Enforce, Options, RunError};
use crate::{
    capture::{
        CaptureError, Source,
        ebpf::{Hook, InterfaceTap, MAX_SHARDS, Tap, TapOptions},
        live::{LiveCapture, LiveGroupEntry, MOST_GROUPED, live_group},
        rules::{RuledSource, Rules},
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
    Pcap(Mutex<PcapTaps>),
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
            Self::Pcap(taps) => taps.lock().unwrap_or_else(PoisonError::into_inner).states.clone(),
        }
    }

    /// Looks at traffic as these rules say; libpcap's captures look them up by themselves.
    pub(super) fn set_rules(&self, rules: &Rules) -> Result<(), CaptureError> {
        match self {
            Self::Tap(tap) => tap.lock().unwrap_or_else(PoisonError::into_inner).set_rules(rules),
            Self::Pcap(_) => Ok(()),
        }
    }

    /// Watches exactly these from here on.
    pub(super) fn follow(&self, interfaces: &[Interface]) {
        match self {
            Self::Tap(tap) => {
                let mut tap = tap.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = tap.follow(interfaces) {
                    tracing::error!(%error, "interfaces that come are not tapped");
                }
            }
            Self::Pcap(taps) => taps.lock().unwrap_or_else(PoisonError::into_inner).follow(interfaces),
        }
    }
}

impl Origin {
    pub(super) fn open(
        options: &Options,
        selection: &Selection,
        rules: &Arc<ArcSwap<Rules>>,
    ) -> Result<Self, RunError> {
        match options.capture {
            Capture::Ebpf => Self::ebpf(options, selection, &rules.load()),
            Capture::Pcap => Self::pcap(selection, rules),
        }
    }

    /// One ring buffer for each shard, whatever the interface: a flow has one owner.
    fn ebpf(options: &Options, selection: &Selection, rules: &Rules) -> Result<Self, RunError> {
        let shards = options.shards.unwrap_or_else(default_shards);
        let mut tap = Tap::load(&TapOptions {
            shards: shards.min(MAX_SHARDS),
            answer_keep: options.answer_bytes,
            ..TapOptions::default()
        })?;
        tap.keep_traces(&options.pin_dir);
        tap.set_rules(rules)?;
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

    /// One capture, and so one shard, for each interface that is named, and one for all that patterns take.
    fn pcap(selection: &Selection, rules: &Arc<ArcSwap<Rules>>) -> Result<Self, RunError> {
        let mut sources: Vec<(Box<dyn Source>, String)> = Vec::new();
        let mut taps = PcapTaps { states: Vec::new(), entry: None };
        let found = selection.resolve()?;
        for interface in found.iter().filter(|interface| selection.names(&interface.name)) {
            let capture = RuledSource::new(LiveCapture::open(&interface.name)?, Arc::clone(rules));
            sources.push((Box::new(capture), interface.name.clone()));
            taps.states.push(pcap_state(interface, "pcap", PCAP.to_owned(), 0));
        }
        if selection.is_open_ended() {
            let (entry, group) = live_group();
            let group = RuledSource::new(group, Arc::clone(rules));
            sources.push((Box::new(group), selection.words().join(",")));
            taps.entry = Some(entry);
            taps.follow(&found);
        }
        Ok(Self { sources, watched: Watched::Pcap(Mutex::new(taps)) })
    }
}

#[cfg(test)]
impl Watched {
    pub(super) fn nothing() -> Self {
        Self::Pcap(Mutex::new(PcapTaps { states: Vec::new(), entry: None }))
    }
}

/// Why libpcap, where it is.
const PCAP: &str = "chosen with --capture pcap";

/// What libpcap watches.
pub(super) struct PcapTaps {
    states: Vec<InterfaceTap>,
    /// Where interfaces go that come later; none where all are named, each with a shard of its own.
    entry: Option<LiveGroupEntry>,
}

impl PcapTaps {
    fn follow(&mut self, interfaces: &[Interface]) {
        self.states.retain(|tap| interfaces.iter().any(|interface| interface.index == tap.index));
        for interface in interfaces {
            let before = self.states.iter().position(|tap| tap.index == interface.index);
            if before.is_some_and(|at| self.states.get(at).is_some_and(|tap| tap.mode != "none")) {
                continue;
            }
            let before = before.map(|at| self.states.swap_remove(at));
            let failures = before.as_ref().map_or(0, |before| before.failures);
            let state = match self.add(interface) {
                Ok(()) => pcap_state(interface, "pcap", PCAP.to_owned(), failures),
                Err(why) => {
                    if before.is_none_or(|before| before.note != why) {
                        tracing::warn!(interface = interface.name, why, "not watched");
                    }
                    pcap_state(interface, "none", why, failures + 1)
                }
            };
            self.states.push(state);
        }
    }

    fn add(&self, interface: &Interface) -> Result<(), String> {
        let Some(entry) = &self.entry else {
            return Err("it came back, and its shard ended when it went; start the sensor again".to_owned());
        };
        if self.states.iter().filter(|tap| tap.mode == "pcap").count() >= MOST_GROUPED {
            return Err(format!("libpcap watches {MOST_GROUPED} interfaces already; use --capture ebpf"));
        }
        entry.add(&interface.name).map_err(|error| error.to_string())
    }
}

fn pcap_state(interface: &Interface, mode: &'static str, note: String, failures: u64) -> InterfaceTap {
    InterfaceTap {
        name: interface.name.clone(),
        index: interface.index,
        mode,
        note,
        since: SystemTime::now(),
        failures,
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
    cutter.keep_traces(&options.pin_dir);
    cutter.follow(&selection.present().map_err(|error| error.to_string())?, Hook::Best);
    Ok(cutter)
}
