mod clsact;
mod tcx;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use aya::programs::{
    SchedClassifier,
    tc::{SchedClassifierLink, TcAttachType},
};

use crate::{
    interfaces::Interface,
    kernel::{Lack, filters::Direction},
};

/// Which hook of traffic control to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hook {
    /// TCX where the kernel has it (Linux 6.6), else clsact.
    #[default]
    Best,
    Clsact,
}

/// How an interface is tapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceTap {
    pub name: String,
    /// The kernel's number.
    pub index: u32,
    /// `tcx`, `clsact`, `pcap` or `none`.
    pub mode: &'static str,
    /// Why it is not the best mode; empty where it is.
    pub note: String,
    /// Since when it is in this mode.
    pub since: SystemTime,
    /// Tries that failed.
    pub failures: u64,
    /// Programs and filters of others that a packet meets before the tap: what they drop or redirect is not seen.
    pub ahead: Vec<String>,
}

/// The interfaces that are to be tapped, by their index. Dropping it takes the tap off them.
#[derive(Default)]
pub(super) struct Taps {
    known: BTreeMap<u32, Tapped>,
    /// Where it is noted down which qdiscs are ours.
    traces: Option<PathBuf>,
}

struct Tapped {
    state: InterfaceTap,
    links: Vec<Attached>,
}

struct Attached {
    direction: Direction,
    link: SchedClassifierLink,
}

impl Taps {
    pub(super) fn keep_traces(&mut self, pin_dir: &Path) {
        self.traces = Some(pin_dir.to_owned());
    }

    /// Taps exactly these. That one refuses is no error but the state that it is in: it is told, and tried again with
    /// each call.
    pub(super) fn follow(&mut self, program: &mut SchedClassifier, interfaces: &[Interface], hook: Hook) {
        let gone = |index: &u32| interfaces.iter().all(|interface| interface.index != *index);
        for (_, tapped) in self.known.extract_if(.., |index, _| gone(index)) {
            tracing::info!(interface = tapped.state.name, "no longer tapped");
            if tapped.state.mode == "clsact" {
                clsact::forget(tapped.state.index, self.traces.as_deref());
            }
        }
        for interface in interfaces {
            self.see_to(program, interface, hook);
        }
    }

    pub(super) fn see_to(&mut self, program: &mut SchedClassifier, interface: &Interface, hook: Hook) {
        let known = self.known.remove(&interface.index);
        let tapped = match known {
            Some(known) if known.is_alive(interface.index, program) => known,
            known => {
                let before = known.map(|known| known.state);
                Tapped::new(program, interface, hook, before.as_ref(), self.traces.as_deref())
            }
        };
        self.known.insert(interface.index, tapped.looked_at(interface, program));
    }

    pub(super) fn states(&self) -> impl Iterator<Item = &InterfaceTap> {
        self.known.values().map(|tapped| &tapped.state)
    }
}

impl Tapped {
    fn new(
        program: &mut SchedClassifier,
        interface: &Interface,
        hook: Hook,
        before: Option<&InterfaceTap>,
        traces: Option<&Path>,
    ) -> Self {
        let tried = attach(program, interface, hook, traces);
        let failures = before.map_or(0, |before| before.failures) + u64::from(tried.is_err());
        let (links, mode, note) = match tried {
            Ok(attached) => attached,
            Err(lack) => (Vec::new(), "none", format!("{}; {}", lack.what, lack.next_step)),
        };
        let is_new = before.is_none_or(|before| before.mode != mode || before.note != note);
        match mode {
            _ if !is_new => {}
            "none" => tracing::warn!(interface = interface.name, why = note, "not tapped"),
            _ => tracing::info!(interface = interface.name, mode, note, "tapped"),
        }
        let since = before.filter(|_| !is_new).map_or_else(SystemTime::now, |before| before.since);
        let ahead = before.map(|before| before.ahead.clone()).unwrap_or_default();
        let name = interface.name.clone();
        Self {
            state: InterfaceTap { name, index: interface.index, mode, note, since, failures, ahead },
            links,
        }
    }

    /// Whether it is still there: the interface may have come back under its number, or somebody taken the tap off.
    fn is_alive(&self, index: u32, program: &SchedClassifier) -> bool {
        match self.state.mode {
            "tcx" => self.links.iter().all(|attached| tcx::is_alive(&attached.link, index)),
            "clsact" => {
                self.links.iter().all(|attached| clsact::is_alive(index, attached.direction, program))
            }
            _ => false,
        }
    }

    /// With who stands ahead of it now, and the name it has now.
    fn looked_at(mut self, interface: &Interface, program: &SchedClassifier) -> Self {
        self.state.name.clone_from(&interface.name);
        let ahead = self.links.iter().flat_map(|attached| {
            let direction = attached.direction;
            let mut ahead = tcx::ahead(interface, direction, program);
            if self.state.mode == "clsact" {
                ahead.extend(clsact::ahead(interface.index, direction, program));
            }
            ahead.into_iter().map(move |what| format!("{what} on {}", direction.name()))
        });
        let ahead: Vec<String> = ahead.collect();
        if ahead != self.state.ahead {
            let interface = self.state.name.as_str();
            match ahead.as_slice() {
                [] => tracing::info!(interface, "nothing stands before the tap any more"),
                ahead => tracing::warn!(
                    interface,
                    ahead = ahead.join(", "),
                    "stands before the tap: what it drops or redirects is not seen"
                ),
            }
            self.state.ahead = ahead;
        }
        self
    }
}

fn attach(
    program: &mut SchedClassifier,
    interface: &Interface,
    hook: Hook,
    traces: Option<&Path>,
) -> Result<(Vec<Attached>, &'static str, String), Lack> {
    if !interface.has_ethernet_header() {
        return Err(Lack::new(
            format!("its frames have no Ethernet header (type {})", interface.hardware),
            "tap the Ethernet interface that carries this traffic, or use --capture pcap",
        ));
    }
    // Loopback shows every packet twice: going out and coming in.
    let directions: &[Direction] = if interface.is_loopback() {
        &[Direction::Ingress]
    } else {
        &[Direction::Ingress, Direction::Egress]
    };
    let note = match hook {
        Hook::Best => match tcx::attach(program, interface, directions) {
            Ok(links) => return Ok((links, "tcx", String::new())),
            Err(reason) => format!("TCX is refused: {reason}"),
        },
        Hook::Clsact => "clsact was asked for".to_owned(),
    };
    match clsact::attach(program, interface, directions, traces) {
        Ok(links) => Ok((links, "clsact", note)),
        Err(what) => Err(Lack::new(format!("{note}; {what}"), "use --capture pcap on this interface")),
    }
}

impl Direction {
    fn name(self) -> &'static str {
        match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        }
    }

    fn of_aya(self) -> TcAttachType {
        match self {
            Self::Ingress => TcAttachType::Ingress,
            Self::Egress => TcAttachType::Egress,
        }
    }
}
