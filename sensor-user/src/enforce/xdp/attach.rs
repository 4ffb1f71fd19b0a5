use std::{
    collections::{BTreeMap, BTreeSet},
    os::fd::{AsFd as _, BorrowedFd},
    time::SystemTime,
};

use aya::{
    Ebpf,
    programs::{
        LinkOrder, SchedClassifier, Xdp, XdpMode,
        links::{FdLink, PinnedLink},
        tc::{SchedClassifierLink, TcAttachOptions, TcAttachType},
        xdp::XdpLink,
    },
};

use super::{
    Hook,
    pins::{LinkPin, Pins},
};
use crate::{
    enforce::{self, EnforceError, InterfaceGuard},
    interfaces::Interface,
    kernel::{Lack, explain, interface, link, load_program},
};

/// The one that takes packets in pieces, and the one for kernels and drivers that cannot (before Linux 5.18).
const PROGRAMS: [&str; 2] = ["portcullis_gate_frags", "portcullis_gate"];

/// The one for TCX.
const PROGRAM_TC: &str = "portcullis_gate_tc";

/// How libxdp calls the program with which it lets several share an interface.
const DISPATCHER: &str = "xdp_dispatcher";

/// The interfaces that are to be guarded, by their index, and how each of them is.
pub(super) struct Guards {
    known: BTreeMap<u32, InterfaceGuard>,
    wanted: enforce::XdpMode,
    again: u64,
}

impl Guards {
    pub(super) fn new(wanted: enforce::XdpMode) -> Self {
        Self { known: BTreeMap::new(), wanted, again: 0 }
    }

    /// Attaches to those of `interfaces` where the gate is not, taking over the links that an earlier agent left. That
    /// one refuses is no error but the state that it is in: it is told, and tried again with each call.
    pub(super) fn attach(
        &mut self,
        ebpf: &mut Ebpf,
        interfaces: &[Interface],
        pins: &Pins,
    ) -> Result<(), EnforceError> {
        let there = pins.links().map_err(|error| pins.failed(&error))?;
        for interface in interfaces {
            let old: Vec<&LinkPin> = there.iter().filter(|link| link.interface == interface.index).collect();
            self.see_to(ebpf, interface, &old, pins);
        }
        Ok(())
    }

    /// Lets go of all but these: of what is gone, and of what is no longer wanted.
    pub(super) fn keep_only(&mut self, interfaces: &BTreeSet<u32>, pins: &Pins) -> Result<(), EnforceError> {
        for link in pins.links().map_err(|error| pins.failed(&error))? {
            if !interfaces.contains(&link.interface) {
                tracing::info!(interface = self.name(link.interface), "letting go of an interface");
                link::detach_pinned(&link.path).map_err(|error| pins.failed(&error))?;
            }
        }
        self.known.retain(|index, _| interfaces.contains(index));
        Ok(())
    }

    /// How often the gate was gone from an interface that it had guarded.
    pub(super) fn attached_again(&self) -> u64 {
        self.again
    }

    /// In the order of their indexes, as `ip link` lists them.
    pub(super) fn states(&self) -> impl Iterator<Item = &InterfaceGuard> {
        self.known.values()
    }

    fn see_to(&mut self, ebpf: &mut Ebpf, interface: &Interface, old: &[&LinkPin], pins: &Pins) {
        let known = self.known.get_mut(&interface.index);
        if let (Some(known), [old]) = (known, old)
            && known.mode == old.mode
            && is_alive(old)
        {
            // It may be called otherwise meanwhile.
            known.name.clone_from(&interface.name);
            return;
        }
        let tried = guard(ebpf, interface, self.wanted, old, pins);
        let before = self.known.get(&interface.index);
        if before.is_some_and(|before| before.mode != "none") {
            self.again += 1;
            tracing::warn!(
                interface = interface.name,
                "the gate was gone: somebody took its pin away, or the interface came back under its number"
            );
        }
        let failures = before.map_or(0, |before| before.failures) + u64::from(tried.is_err());
        let (mode, note) = match tried {
            Ok(guarded) => guarded,
            Err(lack) => ("none", format!("{}; {}", lack.what, lack.next_step)),
        };
        if before.is_some_and(|before| before.mode == mode && before.note == note) {
            self.known.entry(interface.index).and_modify(|guard| guard.failures = failures);
            return;
        }
        match mode {
            "none" => tracing::warn!(interface = interface.name, why = note, "not guarded"),
            _ => tracing::info!(interface = interface.name, mode, note, "guarded"),
        }
        let name = interface.name.clone();
        let guard =
            InterfaceGuard { name, index: interface.index, mode, note, since: SystemTime::now(), failures };
        self.known.insert(interface.index, guard);
    }

    fn name(&self, index: u32) -> String {
        self.known.get(&index).map_or_else(|| format!("number {index}"), |guard| guard.name.clone())
    }
}

/// The descriptor of the program for this hook that the kernel took.
pub(super) fn descriptor(ebpf: &Ebpf, hook: Hook) -> Result<BorrowedFd<'_>, EnforceError> {
    let loaded = match hook {
        Hook::Xdp => {
            let mut programs =
                PROGRAMS.into_iter().filter_map(|name| <&Xdp>::try_from(ebpf.program(name)?).ok());
            programs.find_map(|program| program.fd().ok())
        }
        Hook::Tcx => {
            let program = ebpf.program(PROGRAM_TC).and_then(|gate| <&SchedClassifier>::try_from(gate).ok());
            program.and_then(|program| program.fd().ok())
        }
    };
    loaded
        .map(|fd| fd.as_fd())
        .ok_or_else(|| EnforceError::lack("XDP gate", Lack::new("not loaded", "rebuild the sensor")))
}

/// The program that the kernel took.
pub(super) fn loaded(ebpf: &mut Ebpf) -> Result<&mut Xdp, EnforceError> {
    let taken = PROGRAMS.into_iter().find(|name| {
        let program = ebpf.program(name).and_then(|program| <&Xdp>::try_from(program).ok());
        program.is_some_and(|program| program.fd().is_ok())
    });
    taken
        .and_then(|name| ebpf.program_mut(name))
        .and_then(|program| program.try_into().ok())
        .ok_or_else(|| EnforceError::lack("XDP gate", Lack::new("not loaded", "rebuild the sensor")))
}

pub(super) fn load(ebpf: &mut Ebpf) -> Result<(), EnforceError> {
    let mut refused = String::from("not in the object");
    for name in PROGRAMS {
        let Some(program) = ebpf.program_mut(name) else { continue };
        let loaded_now = <&mut Xdp>::try_from(program).and_then(|gate| load_program(|| gate.load()));
        match loaded_now {
            Ok(()) => return load_tc(ebpf),
            Err(error) => refused = explain(&error),
        }
    }
    Err(EnforceError::lack("XDP gate", Lack::new(refused, "use --enforce nftables")))
}

fn load_tc(ebpf: &mut Ebpf) -> Result<(), EnforceError> {
    let gate = loaded_tc(ebpf)
        .map_err(|what| EnforceError::lack("XDP gate", Lack::new(what, "rebuild the sensor")))?;
    load_program(|| gate.load())
        .map_err(|error| EnforceError::lack("XDP gate", Lack::new(explain(&error), "use --enforce nftables")))
}

fn loaded_tc(ebpf: &mut Ebpf) -> Result<&mut SchedClassifier, String> {
    let program = ebpf.program_mut(PROGRAM_TC).ok_or("not in the object")?;
    program.try_into().map_err(|error| explain(&error))
}

/// The mode that it is guarded in, and why that is not the best one.
///
/// A link that an earlier agent left is taken over as it is, but generic XDP goes over to TCX where that can be. One
/// that is not taken over goes away when the new one is there, so that there is no gap.
fn guard(
    ebpf: &mut Ebpf,
    interface: &Interface,
    wanted: enforce::XdpMode,
    old: &[&LinkPin],
    pins: &Pins,
) -> Result<(&'static str, String), Lack> {
    let by_hand = |error: std::io::Error| Lack::new(error.to_string(), "remove it by hand");
    let (alive, dead): (Vec<&LinkPin>, Vec<&LinkPin>) = old.iter().copied().partition(|old| is_alive(old));
    for dead in dead {
        tracing::info!(interface = interface.name, "an older link leads nowhere");
        link::detach_pinned(&dead.path).map_err(by_hand)?;
    }
    let mut note = not_native(interface, wanted).unwrap_or_default().to_owned();
    let mut last = None;
    for mode in modes(interface, wanted, &alive) {
        let there = alive.iter().find(|old| old.mode == mode);
        let tried = match (mode, there) {
            (_, Some(old)) => take_over(ebpf, old),
            ("tcx", None) => {
                has_ethernet_header(interface)?;
                pin_tcx(ebpf, interface, &pins.link(interface.index, mode))
            }
            (_, None) => {
                has_ethernet_header(interface)?;
                // TCX stands beside another's program, the others would need its place.
                if let Err(lack) = has_room_for_xdp(interface, &alive) {
                    last = Some(lack);
                    continue;
                }
                // An interface has one XDP program at most: changing its mode leaves a gap, and only an option does.
                for other in alive.iter().filter(|old| old.mode != "tcx") {
                    tracing::warn!(
                        interface = interface.name,
                        from = other.mode,
                        to = mode,
                        "changing the gate's mode"
                    );
                    link::detach_pinned(&other.path).map_err(by_hand)?;
                }
                pin_xdp(ebpf, interface, &pins.link(interface.index, mode))
            }
        };
        match tried {
            Ok(()) => {
                let beside = if mode == "tcx" { has_room_for_xdp(interface, &alive).err() } else { None };
                if let Some(beside) = beside {
                    note = join(&note, &format!("{}, and what it takes the gate does not see", beside.what));
                }
                for other in alive.iter().filter(|old| old.mode != mode && old.path.exists()) {
                    link::detach_pinned(&other.path).map_err(by_hand)?;
                }
                return Ok((mode, note));
            }
            Err(error) => {
                tracing::debug!(interface = interface.name, mode, error, "refused");
                note = join(&note, &format!("{mode} is refused: {error}"));
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        let next_step = match wanted {
            enforce::XdpMode::Native => "leave out --xdp-mode, so that another way is taken".to_owned(),
            _ => format!("look at `ip link show {}`, or use --enforce nftables", interface.name),
        };
        Lack::new(note, next_step)
    }))
}

fn join(note: &str, more: &str) -> String {
    if note.is_empty() { more.to_owned() } else { format!("{note}; {more}") }
}

/// Which modes to try, the best first.
fn modes(interface: &Interface, wanted: enforce::XdpMode, alive: &[&LinkPin]) -> Vec<&'static str> {
    match wanted {
        enforce::XdpMode::Native => vec!["native"],
        enforce::XdpMode::Generic => vec!["generic"],
        // Native was refused to an earlier agent already.
        enforce::XdpMode::Auto if not_native(interface, wanted).is_some() => vec!["tcx", "generic"],
        enforce::XdpMode::Auto if alive.iter().any(|old| old.mode != "native") => vec!["tcx", "generic"],
        enforce::XdpMode::Auto => vec!["native", "tcx", "generic"],
    }
}

fn has_ethernet_header(interface: &Interface) -> Result<(), Lack> {
    if interface.has_ethernet_header() {
        return Ok(());
    }
    Err(Lack::new(
        format!("its frames have no Ethernet header (type {})", interface.hardware),
        "guard the Ethernet interface that carries this traffic",
    ))
}

/// Unless one of ours is there in another mode.
fn has_room_for_xdp(interface: &Interface, alive: &[&LinkPin]) -> Result<(), Lack> {
    // Ahead of trying: the kernel's refusal names nobody.
    if alive.iter().any(|old| old.mode != "tcx") { Ok(()) } else { refuse_beside_others(interface) }
}

/// An interface has room for one XDP program, and another one's is not ours to take away.
fn refuse_beside_others(interface: &Interface) -> Result<(), Lack> {
    let name = &interface.name;
    let others = interface::xdp_programs(interface.index)
        .map_err(|error| Lack::new(error.to_string(), format!("look at `ip link show {name}`")))?;
    let Some(first) = others.first() else { return Ok(()) };
    let program = link::describe_program(*first);
    let next_step = if program.starts_with(DISPATCHER) {
        format!(
            "that is libxdp's, which shares an interface among programs that were made for it, and the gate is not: \
             `xdp-loader unload {name} --all` frees the interface, --enforce nftables goes without"
        )
    } else if program.starts_with("portcullis") {
        "that is another sensor's, with another --pin-dir: `sensor detach --pin-dir DIR` takes it away"
            .to_owned()
    } else {
        format!(
            "`ip link set dev {name} xdp off` or its owner takes it away, --enforce nftables goes without"
        )
    };
    Err(Lack::new(format!("another XDP program is there: {program}"), next_step))
}

/// Why not even to try native.
fn not_native(interface: &Interface, wanted: enforce::XdpMode) -> Option<&'static str> {
    if wanted == enforce::XdpMode::Generic {
        Some("chosen with --xdp-mode generic")
    } else if wanted == enforce::XdpMode::Native {
        None
    } else if interface.is_loopback() {
        Some("loopback has no driver to run it in")
    } else if interface.kind == "veth" {
        Some("native on veth switches off the peer's segmentation offload and slows uploads down")
    } else {
        None
    }
}

/// Whether the link still leads to its interface, which may have gone and come back under the same number.
fn is_alive(pin: &LinkPin) -> bool {
    let leads_to = link::pinned(&pin.path).and_then(|link| link::interface_of(link.as_fd()));
    leads_to.is_ok_and(|index| index == pin.interface)
}

/// In one step, so that no packet gets through between the old program and this one.
fn take_over(ebpf: &mut Ebpf, old: &LinkPin) -> Result<(), String> {
    let pinned = FdLink::from(PinnedLink::from_pin(&old.path).map_err(|error| explain(&error))?);
    // Each gives back the handle; the pin holds the link.
    if old.mode == "tcx" {
        let program = loaded_tc(ebpf)?;
        let link = SchedClassifierLink::try_from(pinned).map_err(|error| explain(&error))?;
        let id = program.attach_to_link(link).map_err(|error| explain(&error))?;
        return program.take_link(id).map(drop).map_err(|error| explain(&error));
    }
    let program = loaded(ebpf).map_err(|error| explain(&error))?;
    let link = XdpLink::try_from(pinned).map_err(|error| explain(&error))?;
    let id = program.attach_to_link(link).map_err(|error| explain(&error))?;
    program.take_link(id).map(drop).map_err(|error| explain(&error))
}

fn pin_xdp(ebpf: &mut Ebpf, interface: &Interface, pin: &LinkPin) -> Result<(), String> {
    let program = loaded(ebpf).map_err(|error| explain(&error))?;
    let mode = if pin.mode == "native" { XdpMode::Driver } else { XdpMode::Skb };
    let id = program.attach_to_if_index(interface.index, mode).map_err(|error| explain(&error))?;
    let link: XdpLink = program.take_link(id).map_err(|error| explain(&error))?;
    let link = FdLink::try_from(link).map_err(|_| {
        // By netlink, after the kernel refused a link; such an attachment cannot be pinned.
        format!("it got no link; `ip link set dev {} xdp off` takes it away", interface.name)
    })?;
    link.pin(&pin.path).map(drop).map_err(|error| explain(&error))
}

/// At the head, so that nobody redirects what is to be dropped; the tap stands behind it.
fn pin_tcx(ebpf: &mut Ebpf, interface: &Interface, pin: &LinkPin) -> Result<(), String> {
    let program = loaded_tc(ebpf)?;
    let order = TcAttachOptions::TcxOrder(LinkOrder::first());
    let id = program
        .attach_with_options(&interface.name, TcAttachType::Ingress, order)
        .map_err(|error| explain(&error))?;
    let link: SchedClassifierLink = program.take_link(id).map_err(|error| explain(&error))?;
    let link = FdLink::try_from(link).map_err(|error| explain(&error))?;
    link.pin(&pin.path).map_err(|error| explain(&error))?;
    if is_alive(pin) {
        return Ok(());
    }
    // By name, and that belongs to another one now.
    link::detach_pinned(&pin.path).map_err(|error| error.to_string())?;
    Err("the interface went while it was being attached".to_owned())
}
