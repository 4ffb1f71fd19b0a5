use std::collections::BTreeSet;

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
    kernel::{Lack, explain, interface::Interface, link, load_program},
};

/// The one that takes packets in pieces, and the one for kernels and drivers that cannot (before Linux 5.18).
const PROGRAMS: [&str; 2] = ["portcullis_gate_frags", "portcullis_gate"];

/// Attaches to every interface, taking over the links that are there, and lets go of interfaces that are no longer
/// wanted. All of them or, as far as new links go, none.
pub(super) fn attach(
    ebpf: &mut Ebpf,
    names: &[String],
    mode: enforce::XdpMode,
    pins: &Pins,
) -> Result<Vec<InterfaceGuard>, EnforceError> {
    let io_error = |error: std::io::Error| {
        let next_step = format!("look at {}", pins.folder().display());
        EnforceError::lack("XDP gate", Lack::new(error.to_string(), next_step))
    };
    let before = pins.links().map_err(io_error)?;
    let guards = attach_each(ebpf, names, mode, pins, &before);
    let after = pins.links().map_err(io_error)?;
    let wanted: BTreeSet<u32> = match &guards {
        Ok(guards) => guards.iter().map(|(index, _)| *index).collect(),
        Err(_) => before.iter().map(|link| link.interface).collect(),
    };
    for link in after.iter().filter(|link| !wanted.contains(&link.interface)) {
        tracing::info!(interface = link.interface, "letting go of an interface that is not guarded");
        link::detach_pinned(&link.path).map_err(io_error)?;
    }
    if guards.is_ok() {
        pins.forget_other_layouts().map_err(io_error)?;
    }
    guards.map(|guards| guards.into_iter().map(|(_, guard)| guard).collect())
}

fn attach_each(
    ebpf: &mut Ebpf,
    names: &[String],
    mode: enforce::XdpMode,
    pins: &Pins,
    there: &[LinkPin],
) -> Result<Vec<(u32, InterfaceGuard)>, EnforceError> {
    let program = load(ebpf)?;
    let mut guards: Vec<(u32, InterfaceGuard)> = Vec::new();
    for name in names {
        let lack = |lack| EnforceError::lack(name, lack);
        let interface = Interface::open(name).map_err(lack)?;
        if guards.iter().any(|(index, _)| *index == interface.index) {
            continue;
        }
        let old = there.iter().find(|link| link.interface == interface.index);
        guards.push((interface.index, guard(program, &interface, mode, old, pins).map_err(lack)?));
    }
    Ok(guards)
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

fn load(ebpf: &mut Ebpf) -> Result<&mut Xdp, EnforceError> {
    let mut refused = String::from("not in the object");
    for name in PROGRAMS {
        let Some(program) = ebpf.program_mut(name) else { continue };
        let loaded_now = <&mut Xdp>::try_from(program).and_then(|gate| load_program(|| gate.load()));
        match loaded_now {
            Ok(()) => return loaded(ebpf),
            Err(error) => refused = explain(&error),
        }
    }
    Err(EnforceError::lack("XDP gate", Lack::new(refused, "use --enforce nftables")))
}

fn guard(
    program: &mut Xdp,
    interface: &Interface,
    wanted: enforce::XdpMode,
    old: Option<&LinkPin>,
    pins: &Pins,
) -> Result<InterfaceGuard, Lack> {
    let generic_because = generic_because(interface, wanted);
    let guard = |mode, note: String| InterfaceGuard {
        name: interface.name.clone(),
        mode,
        note: note.trim().to_owned(),
    };
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
                return Ok(guard(old.mode, note.to_owned()));
            }
            // The interface went and another got its number.
            Err(error) => {
                tracing::info!(interface = interface.name, %error, "an older link leads nowhere");
                link::detach_pinned(&old.path)
                    .map_err(|error| Lack::new(error.to_string(), "remove it by hand"))?;
            }
        }
    }
    let mut note = generic_because.unwrap_or_default().to_owned();
    if generic_because.is_none() {
        match pin_new(program, interface, XdpMode::Driver, &pins.link(interface.index, "native")) {
            Ok(()) => return Ok(guard("native", String::new())),
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
        let next_step = format!(
            "see with `ip link show {}` whether another XDP program is there, or use --enforce nftables",
            interface.name
        );
        Lack::new(format!("{note} generic is refused: {error}").trim().to_owned(), next_step)
    })?;
    Ok(guard("generic", note))
}

/// Why not even to try native.
fn generic_because(interface: &Interface, wanted: enforce::XdpMode) -> Option<&'static str> {
    if wanted == enforce::XdpMode::Generic {
        Some("chosen with --xdp-mode generic")
    } else if wanted == enforce::XdpMode::Native {
        None
    } else if interface.loopback {
        Some("loopback has no driver to run it in")
    } else if interface.driver == "veth" {
        Some("native on veth switches off the peer's segmentation offload and slows uploads down")
    } else {
        None
    }
}

/// In one step, so that no packet gets through between the old program and this one.
fn take_over(program: &mut Xdp, old: &LinkPin) -> Result<(), String> {
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
