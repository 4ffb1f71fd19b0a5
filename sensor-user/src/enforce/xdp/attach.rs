use std::{
    collections::{BTreeMap, BTreeSet},
    os::fd::{AsFd as _, BorrowedFd},
    time::SystemTime,
};

use aya::{
    Ebpf,
    programs::{
        Xdp, XdpMode,
        links::{FdLink, PinnedLink},
        xdp::XdpLink,
    },
};

use super::pins::{LinkPin, Pins};
use crate::{
    enforce::{self, EnforceError, InterfaceGuard},
    interfaces::Interface,
    kernel::{Lack, explain, interface, link, load_program},
};

/// The one that takes packets in pieces, and the one for kernels and drivers that cannot (before Linux 5.18).
const PROGRAMS: [&str; 2] = ["portcullis_gate_frags", "portcullis_gate"];

/// How libxdp calls the program with which it lets several share an interface.
const DISPATCHER: &str = "xdp_dispatcher";

/// The interfaces that are to be guarded, by their index, and how each of them is.
pub(super) struct Guards {
    known: BTreeMap<u32, InterfaceGuard>,
    wanted: enforce::XdpMode,
}

impl Guards {
    pub(super) fn new(wanted: enforce::XdpMode) -> Self {
        Self { known: BTreeMap::new(), wanted }
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
        let program = loaded(ebpf)?;
        for interface in interfaces {
            let old = there.iter().find(|link| link.interface == interface.index);
            self.see_to(program, interface, old, pins);
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

    /// In the order of their indexes, as `ip link` lists them.
    pub(super) fn states(&self) -> impl Iterator<Item = &InterfaceGuard> {
        self.known.values()
    }

    fn see_to(&mut self, program: &mut Xdp, interface: &Interface, old: Option<&LinkPin>, pins: &Pins) {
        let known = self.known.get_mut(&interface.index);
        if let (Some(known), Some(old)) = (known, old)
            && known.mode == old.mode
            && is_alive(old)
        {
            // It may be called otherwise meanwhile.
            known.name.clone_from(&interface.name);
            return;
        }
        let tried = guard(program, interface, self.wanted, old, pins);
        let before = self.known.get(&interface.index);
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

/// The descriptor of the program that the kernel took.
pub(super) fn descriptor(ebpf: &Ebpf) -> Result<BorrowedFd<'_>, EnforceError> {
    let mut programs = PROGRAMS.into_iter().filter_map(|name| <&Xdp>::try_from(ebpf.program(name)?).ok());
    programs
        .find_map(|program| program.fd().ok())
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
            Ok(()) => return Ok(()),
            Err(error) => refused = explain(&error),
        }
    }
    Err(EnforceError::lack("XDP gate", Lack::new(refused, "use --enforce nftables")))
}

/// The mode that it is guarded in, and why that is not the best one.
fn guard(
    program: &mut Xdp,
    interface: &Interface,
    wanted: enforce::XdpMode,
    old: Option<&LinkPin>,
    pins: &Pins,
) -> Result<(&'static str, String), Lack> {
    let generic_because = generic_because(interface, wanted);
    let fits = |old: &&LinkPin| match wanted {
        enforce::XdpMode::Auto => true,
        enforce::XdpMode::Native => old.mode == "native",
        enforce::XdpMode::Generic => old.mode == "generic",
    };
    if let Some(other) = old.filter(|old| !fits(old)) {
        // One interface cannot have both, so there is a gap; only a change of the option brings it about.
        tracing::warn!(interface = interface.name, from = other.mode, "attaching the gate in another mode");
        link::detach_pinned(&other.path)
            .map_err(|error| Lack::new(error.to_string(), "remove it by hand"))?;
    }
    if let Some(old) = old.filter(fits) {
        match take_over(program, old) {
            Ok(()) => {
                let note =
                    if old.mode == "native" { "" } else { generic_because.unwrap_or("native was refused") };
                return Ok((old.mode, note.to_owned()));
            }
            // The interface went and another got its number.
            Err(error) => {
                tracing::info!(interface = interface.name, %error, "an older link leads nowhere");
                link::detach_pinned(&old.path)
                    .map_err(|error| Lack::new(error.to_string(), "remove it by hand"))?;
            }
        }
    }
    if !interface.has_ethernet_header() {
        return Err(Lack::new(
            format!("its frames have no Ethernet header (type {})", interface.hardware),
            "guard the Ethernet interface that carries this traffic",
        ));
    }
    // Ahead of trying: the kernel's refusal names nobody.
    refuse_beside_others(interface)?;
    let mut note = generic_because.unwrap_or_default().to_owned();
    if generic_because.is_none() {
        match pin_new(program, interface, XdpMode::Driver, &pins.link(interface.index, "native")) {
            Ok(()) => return Ok(("native", String::new())),
            Err(error) if wanted == enforce::XdpMode::Native => {
                return Err(Lack::new(
                    format!("native is refused: {error}"),
                    "leave out --xdp-mode, so that generic is taken",
                ));
            }
            Err(error) => note = format!("native is refused: {error}"),
        }
    }
    pin_new(program, interface, XdpMode::Skb, &pins.link(interface.index, "generic")).map_err(|error| {
        let next_step = format!("look at `ip link show {}`, or use --enforce nftables", interface.name);
        Lack::new(format!("{note} generic is refused: {error}").trim().to_owned(), next_step)
    })?;
    Ok(("generic", note))
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
fn generic_because(interface: &Interface, wanted: enforce::XdpMode) -> Option<&'static str> {
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
fn take_over(program: &mut Xdp, old: &LinkPin) -> Result<(), String> {
    if !is_alive(old) {
        return Err("its interface is gone".to_owned());
    }
    let pinned = PinnedLink::from_pin(&old.path).map_err(|error| explain(&error))?;
    let link = XdpLink::try_from(FdLink::from(pinned)).map_err(|error| explain(&error))?;
    let id = program.attach_to_link(link).map_err(|error| explain(&error))?;
    // Gives back the handle; the pin holds the link.
    program.take_link(id).map(drop).map_err(|error| explain(&error))
}

fn pin_new(program: &mut Xdp, interface: &Interface, mode: XdpMode, pin: &LinkPin) -> Result<(), String> {
    let id = program.attach_to_if_index(interface.index, mode).map_err(|error| explain(&error))?;
    let link: XdpLink = program.take_link(id).map_err(|error| explain(&error))?;
    let link = FdLink::try_from(link).map_err(|_| {
        // By netlink, after the kernel refused a link; such an attachment cannot be pinned.
        format!("it got no link; `ip link set dev {} xdp off` takes it away", interface.name)
    })?;
    link.pin(&pin.path).map(drop).map_err(|error| explain(&error))
}
