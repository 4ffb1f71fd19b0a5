use aya::programs::{
    LinkOrder, SchedClassifier, TcAttachType,
    tc::{self, NlOptions, TcAttachOptions},
};

use super::{PROGRAM, failed};
use crate::{
    capture::CaptureError,
    kernel::{Lack, clsact, explain, interface::Interface},
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
    /// `tcx` or `clsact`.
    pub mode: &'static str,
    /// Why it is not the best mode; empty where it is.
    pub note: String,
}

pub(super) fn attach(
    program: &mut SchedClassifier,
    name: &str,
    hook: Hook,
) -> Result<InterfaceTap, CaptureError> {
    let interface = Interface::open(name).map_err(|lack| failed(name, lack))?;
    // Loopback shows every packet twice: going out and coming in.
    let directions: &[TcAttachType] = if interface.loopback {
        &[TcAttachType::Ingress]
    } else {
        &[TcAttachType::Ingress, TcAttachType::Egress]
    };
    let note = match hook {
        Hook::Best => match tcx(program, name, directions) {
            Ok(()) => return Ok(InterfaceTap { name: name.to_owned(), mode: "tcx", note: String::new() }),
            Err(reason) => format!("TCX is refused: {reason}"),
        },
        Hook::Clsact => "clsact was asked for".to_owned(),
    };
    filters(program, name, directions).map_err(|what| {
        failed(name, Lack::new(format!("{note}; {what}"), "use --capture pcap on this interface"))
    })?;
    Ok(InterfaceTap { name: name.to_owned(), mode: "clsact", note })
}

/// Ahead of other programs, whose verdict could else end the packet's way unseen.
fn tcx(program: &mut SchedClassifier, name: &str, directions: &[TcAttachType]) -> Result<(), String> {
    let mut links = Vec::new();
    for direction in directions {
        match program.attach_with_options(name, *direction, TcAttachOptions::TcxOrder(LinkOrder::first())) {
            Ok(link) => links.push(link),
            Err(error) => {
                // Half a connection is worse than the other hook.
                for link in links {
                    program.detach(link).map_err(|error| explain(&error))?;
                }
                return Err(explain(&error));
            }
        }
    }
    Ok(())
}

fn filters(program: &mut SchedClassifier, name: &str, directions: &[TcAttachType]) -> Result<(), String> {
    clsact::prepare(name).map_err(|error| format!("clsact is refused: {error}"))?;
    for direction in directions {
        // A filter outlives a tap that was killed, and would copy into a ring buffer that nobody reads. There being
        // none is the usual case, and the only error that matters is that of attaching.
        tc::qdisc_detach_program(name, *direction, PROGRAM).ok();
        program
            .attach_with_options(name, *direction, TcAttachOptions::Netlink(NlOptions::default()))
            .map_err(|error| format!("clsact filter is refused: {}", explain(&error)))?;
    }
    Ok(())
}
