//! Linux 6.6 and later: several programs share an interface, in an order that each may ask for.

use std::os::fd::AsFd as _;

use aya::programs::{
    LinkOrder, ProgramId, SchedClassifier,
    links::FdLink,
    tc::{SchedClassifierLink, TcAttachOptions},
};

use super::Attached;
use crate::{
    interfaces::Interface,
    kernel::{
        explain,
        filters::{Direction, OURS},
        link,
    },
};

/// How the kernel calls the gate, which cuts names to this length.
const GATE: &str = "portcullis_gate";

/// At the head: a program ahead that redirects or drops, as Cilium's do, would blind the tap. Only our own gate goes
/// before it: what that drops never arrived.
pub(super) fn attach(
    program: &mut SchedClassifier,
    interface: &Interface,
    directions: &[Direction],
) -> Result<Vec<Attached>, String> {
    let mut links = Vec::new();
    for direction in directions {
        let order = TcAttachOptions::TcxOrder(behind_the_gate(interface, *direction));
        // An error takes back the direction that is there already: half a connection is worse than the other hook.
        let id = program
            .attach_with_options(&interface.name, direction.of_aya(), order)
            .map_err(|error| explain(&error))?;
        let link = program.take_link(id).map_err(|error| explain(&error))?;
        if !is_alive(&link, interface.index) {
            return Err("the interface went while it was being attached".to_owned());
        }
        links.push(Attached { direction: *direction, link });
    }
    Ok(links)
}

fn behind_the_gate(interface: &Interface, direction: Direction) -> LinkOrder {
    let there = SchedClassifier::query_tcx(&interface.name, direction.of_aya()).map(|(_, there)| there);
    let head = there.ok().and_then(|there| there.into_iter().next());
    match head {
        Some(gate) if gate.name().starts_with(GATE.as_bytes()) => {
            // SAFETY: the kernel has just said that a program of this number is there.
            LinkOrder::after_program_id(unsafe { ProgramId::new(gate.id()) })
        }
        _ => LinkOrder::first(),
    }
}

/// Whether the link leads to the interface of that number.
pub(super) fn is_alive(link: &SchedClassifierLink, index: u32) -> bool {
    let id = <&FdLink>::try_from(link).ok().and_then(|link| link.info().ok()).map(|info| info.id());
    let leads_to =
        id.and_then(|id| link::by_id(id).ok()).and_then(|link| link::interface_of(link.as_fd()).ok());
    leads_to == Some(index)
}

/// Programs of others that stand before ours; all of them where ours is not among them.
pub(super) fn ahead(interface: &Interface, direction: Direction, program: &SchedClassifier) -> Vec<String> {
    let own = program.info().map(|info| info.id()).unwrap_or_default();
    // Before Linux 6.6 there is nothing to ask, and nothing ahead.
    let Ok((_, there)) = SchedClassifier::query_tcx(&interface.name, direction.of_aya()) else {
        return Vec::new();
    };
    there
        .iter()
        .take_while(|program| program.id() != own)
        .filter(|program| !program.name().starts_with(OURS.as_bytes()))
        .map(|program| link::describe_program(program.id()))
        .collect()
}
