use std::path::Path;

use aya::{
    Ebpf,
    programs::{
        LinkOrder, ProgramId, SchedClassifier, TcAttachType,
        tc::{self, NlOptions, SchedClassifierLinkId, TcAttachOptions},
    },
};

use super::{EGRESS, INGRESS, program};
use crate::{
    capture::ebpf::Hook,
    interfaces::Interface,
    kernel::{clsact, explain},
};

/// The tap's name in the kernel.
const TAP: &str = "portcullis_tap";

/// Behind the tap's filter, which the kernel puts before whatever is there: it begins at 49152 and counts down.
const CLSACT_PRIORITY: u16 = 49_153;

/// Where the programs hang.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutHook {
    /// `tcx` or `clsact`.
    pub mode: &'static str,
    /// Why it is not the better one; empty where it is.
    pub note: String,
}

/// Both directions, but on loopback, which takes in what it sends out, the one that knows where a packet goes.
fn directions(interface: &Interface) -> &'static [(TcAttachType, &'static str)] {
    const BOTH: [(TcAttachType, &str); 2] =
        [(TcAttachType::Egress, EGRESS), (TcAttachType::Ingress, INGRESS)];
    if interface.is_loopback() { &BOTH[..1] } else { &BOTH }
}

/// An interface, and how connections are cut there; `Err` says why they are not.
#[derive(Debug)]
pub struct CutInterface {
    pub name: String,
    pub index: u32,
    pub hook: Result<CutHook, String>,
    pub(super) links: Links,
}

/// By the program's name.
pub(super) type Links = Vec<(&'static str, SchedClassifierLinkId)>;

pub(super) fn attach(
    ebpf: &mut Ebpf,
    interface: &Interface,
    hook: Hook,
    traces: Option<&Path>,
) -> CutInterface {
    let mut links = Vec::new();
    let hook = hang(ebpf, interface, hook, traces, &mut links);
    if hook.is_err() {
        release(ebpf, std::mem::take(&mut links));
    }
    CutInterface { name: interface.name.clone(), index: interface.index, hook, links }
}

/// Takes the programs off again. Of an interface that is gone they are already.
pub(super) fn release(ebpf: &mut Ebpf, links: Links) {
    for (name, link) in links {
        if let Err(error) = program(ebpf, name).map(|program| program.detach(link)) {
            tracing::debug!(%error, name, "not taken off");
        }
    }
}

fn hang(
    ebpf: &mut Ebpf,
    interface: &Interface,
    hook: Hook,
    traces: Option<&Path>,
    links: &mut Links,
) -> Result<CutHook, String> {
    if !interface.has_ethernet_header() {
        return Err("its frames have no Ethernet header".to_owned());
    }
    let note = match hook {
        Hook::Best => match tcx(ebpf, interface, links) {
            Ok(()) => return Ok(CutHook { mode: "tcx", note: String::new() }),
            Err(reason) => format!("TCX is refused: {reason}"),
        },
        Hook::Clsact => "clsact was asked for".to_owned(),
    };
    // Half a connection is worse than the other hook.
    release(ebpf, std::mem::take(links));
    match filters(ebpf, interface, traces, links) {
        Ok(()) => Ok(CutHook { mode: "clsact", note }),
        Err(reason) => Err(format!("{note}; clsact is refused: {reason}")),
    }
}

/// After the tap, so that it sees what is cut; before everything else, whose verdict could end a packet's way.
fn tcx(ebpf: &mut Ebpf, interface: &Interface, links: &mut Links) -> Result<(), String> {
    for (direction, name) in directions(interface) {
        let (_, there) =
            SchedClassifier::query_tcx(&interface.name, *direction).map_err(|error| explain(&error))?;
        let tap = there.iter().find(|program| program.name_as_str() == Some(TAP));
        let order = tap.map_or_else(LinkOrder::first, |tap| {
            // SAFETY: the kernel has just named this program; where it is gone, it refuses.
            LinkOrder::after_program_id(unsafe { ProgramId::new(tap.id()) })
        });
        hook_in(ebpf, interface, *direction, name, TcAttachOptions::TcxOrder(order), links)?;
    }
    Ok(())
}

fn filters(
    ebpf: &mut Ebpf,
    interface: &Interface,
    traces: Option<&Path>,
    links: &mut Links,
) -> Result<(), String> {
    clsact::prepare(interface, traces)?;
    for (direction, name) in directions(interface) {
        // A filter outlives an agent that was killed. Mostly there is none.
        tc::qdisc_detach_program(&interface.name, *direction, name).ok();
        let options = NlOptions { priority: CLSACT_PRIORITY, ..NlOptions::default() };
        hook_in(ebpf, interface, *direction, name, TcAttachOptions::Netlink(options), links)?;
    }
    Ok(())
}

fn hook_in(
    ebpf: &mut Ebpf,
    interface: &Interface,
    direction: TcAttachType,
    name: &'static str,
    options: TcAttachOptions,
    links: &mut Links,
) -> Result<(), String> {
    let program = program(ebpf, name).map_err(|error| error.to_string())?;
    let link =
        program.attach_with_options(&interface.name, direction, options).map_err(|error| explain(&error))?;
    links.push((name, link));
    Ok(())
}
