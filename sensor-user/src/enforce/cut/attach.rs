use std::io;

use aya::{
    Ebpf,
    programs::{
        LinkOrder, SchedClassifier, TcAttachType,
        tc::{self, NlOptions, TcAttachOptions, TcError},
    },
};
use nix::net::if_::if_nameindex;

use super::{EGRESS, INGRESS, lack, program};
use crate::{
    capture::ebpf::Hook,
    enforce::EnforceError,
    kernel::{Lack, clsact, explain, interface::Interface},
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

pub(super) fn attach(ebpf: &mut Ebpf, name: &str, hook: Hook) -> Result<CutHook, EnforceError> {
    let interface = Interface::named(name).map_err(lack)?;
    let note = match hook {
        Hook::Best => match tcx(ebpf, &interface) {
            Ok(()) => return Ok(CutHook { mode: "tcx", note: String::new() }),
            Err(reason) => format!("TCX is refused: {reason}"),
        },
        Hook::Clsact => "clsact was asked for".to_owned(),
    };
    match filters(ebpf, &interface) {
        Ok(()) => Ok(CutHook { mode: "clsact", note }),
        Err(reason) => Err(lack(Lack::new(
            format!("{name}: {note}; clsact is refused: {reason}"),
            "look at `tc filter show` and `bpftool net`",
        ))),
    }
}

/// After the tap, so that it sees what is cut; before everything else, whose verdict could end a packet's way.
fn tcx(ebpf: &mut Ebpf, interface: &Interface) -> Result<(), String> {
    let mut links = Vec::new();
    for (direction, name) in directions(interface) {
        let attached = SchedClassifier::query_tcx(&interface.name, *direction).and_then(|(_, there)| {
            let tap = there.iter().find(|program| program.name_as_str() == Some(TAP));
            let order = tap.map_or_else(LinkOrder::first, |tap| {
                // SAFETY: the kernel has just named this program; where it is gone, it refuses.
                LinkOrder::after_program_id(unsafe { aya::programs::ProgramId::new(tap.id()) })
            });
            let program: &mut SchedClassifier =
                ebpf.program_mut(name).ok_or(aya::programs::ProgramError::NotLoaded)?.try_into()?;
            program.attach_with_options(&interface.name, *direction, TcAttachOptions::TcxOrder(order))
        });
        match attached {
            Ok(link) => links.push((name, link)),
            Err(error) => {
                for (name, link) in links {
                    let program = program(ebpf, name).map_err(|error| error.to_string())?;
                    program.detach(link).map_err(|error| explain(&error))?;
                }
                return Err(explain(&error));
            }
        }
    }
    Ok(())
}

fn filters(ebpf: &mut Ebpf, interface: &Interface) -> Result<(), String> {
    clsact::prepare(&interface.name)?;
    for (direction, name) in directions(interface) {
        // A filter outlives an agent that was killed. Mostly there is none.
        tc::qdisc_detach_program(&interface.name, *direction, name).ok();
        let options = NlOptions { priority: CLSACT_PRIORITY, ..NlOptions::default() };
        program(ebpf, name)
            .map_err(|error| error.to_string())?
            .attach_with_options(&interface.name, *direction, TcAttachOptions::Netlink(options))
            .map_err(|error| explain(&error))?;
    }
    Ok(())
}

/// Takes away the filters of an agent that was killed where it had to use clsact; a TCX link ends with its agent. Says
/// what there was.
pub(in crate::enforce) fn detach() -> Result<Vec<String>, EnforceError> {
    let interfaces = if_nameindex().map_err(|error| {
        lack(Lack::new(format!("interfaces cannot be listed: {error}"), "run it as root"))
    })?;
    let mut removed = Vec::new();
    for interface in &interfaces {
        let name = interface.name().to_string_lossy();
        for (direction, program) in [(TcAttachType::Egress, EGRESS), (TcAttachType::Ingress, INGRESS)] {
            match tc::qdisc_detach_program(&name, direction, program) {
                Ok(()) => removed.push(format!("clsact filter {program} on {name}")),
                Err(TcError::IoError(error)) if error.kind() == io::ErrorKind::NotFound => {}
                // Without clsact there is no filter to ask for.
                Err(TcError::NetlinkError(_)) => {}
                Err(error) => {
                    let what = format!("{name}: {}", explain(&error));
                    return Err(lack(Lack::new(what, "see `tc filter show`, and run it as root")));
                }
            }
        }
    }
    Ok(removed)
}
