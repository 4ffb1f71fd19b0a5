//! Before Linux 6.6: a filter among the filters of a qdisc, in the order of their priorities.

use std::path::Path;

use aya::programs::{
    SchedClassifier,
    tc::{self, NlOptions, TcAttachOptions},
};

use super::Attached;
use crate::{
    capture::ebpf::PROGRAM,
    interfaces::Interface,
    kernel::{
        clsact, explain,
        filters::{self, Direction},
        traces::{self, Trace},
    },
};

/// The smallest is asked first, and within one priority the newest. Where a filter of another kind holds it, the next.
const PRIORITIES: std::ops::RangeInclusive<u16> = 1..=8;

pub(super) fn attach(
    program: &mut SchedClassifier,
    interface: &Interface,
    directions: &[Direction],
    traces: Option<&Path>,
) -> Result<Vec<Attached>, String> {
    let name = &interface.name;
    clsact::prepare(interface, traces).map_err(|error| format!("clsact is refused: {error}"))?;
    let mut links = Vec::new();
    for direction in directions {
        // A filter outlives a tap that was killed, and would copy into a ring buffer that nobody reads. There being
        // none is the usual case, and the only error that matters is that of attaching.
        tc::qdisc_detach_program(name, direction.of_aya(), PROGRAM).ok();
        links.push(filter(program, name, *direction)?);
    }
    Ok(links)
}

/// The interface is gone, and its qdisc with it.
pub(super) fn forget(index: u32, traces: Option<&Path>) {
    if let Some(pin_dir) = traces
        && let Err(lack) = traces::forget(pin_dir, Trace::Clsact(index))
    {
        tracing::warn!(why = lack.what, "a trace of a qdisc stays that is gone");
    }
}

fn filter(program: &mut SchedClassifier, name: &str, direction: Direction) -> Result<Attached, String> {
    let mut refused = String::new();
    for priority in PRIORITIES {
        let options = TcAttachOptions::Netlink(NlOptions { priority, ..NlOptions::default() });
        let attached = program.attach_with_options(name, direction.of_aya(), options);
        match attached.and_then(|id| program.take_link(id)) {
            Ok(link) => return Ok(Attached { direction, link }),
            Err(error) => refused = explain(&error),
        }
    }
    Err(format!("clsact filter is refused: {refused}"))
}

pub(super) fn is_alive(index: u32, direction: Direction, program: &SchedClassifier) -> bool {
    let own = program.info().map(|info| info.id()).ok();
    filters::list(index, direction).is_ok_and(|there| there.iter().any(|filter| filter.program == own))
}

/// Filters of others that run before ours.
pub(super) fn ahead(index: u32, direction: Direction, program: &SchedClassifier) -> Vec<String> {
    let own = program.info().map(|info| info.id()).ok();
    let there = filters::list(index, direction).unwrap_or_default();
    there
        .iter()
        .take_while(|filter| filter.program != own)
        .filter(|filter| !filter.name.starts_with(filters::OURS))
        .map(filters::Filter::describe)
        .collect()
}
