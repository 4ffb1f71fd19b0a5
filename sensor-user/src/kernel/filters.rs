//! The filters of one interface (tc(8)), in the order they run.

use std::io;

use aya::programs::tc::{self, TcAttachType};

use super::{explain, interface, netlink};

const RTM_GETTFILTER: u16 = 46;
/// `struct tcmsg`.
pub(super) const TCMSG: usize = 20;
const CLSACT_HANDLE: u32 = 0xffff_0000;

/// How the names of all our programs begin.
pub(crate) const OURS: &str = "portcullis_";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ingress,
    Egress,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) priority: u16,
    /// `bpf`, `matchall`, `u32` …
    pub(crate) kind: String,
    /// Of a bpf filter, as it was given; else empty.
    pub(crate) name: String,
    /// The program of a bpf filter.
    pub(crate) program: Option<u32>,
}

impl Filter {
    /// So that people find it with `tc filter show`.
    pub(crate) fn describe(&self) -> String {
        let Self { priority, kind, name, program } = self;
        let program = program.map_or_else(String::new, |id| format!(", program {id}"));
        format!("{kind} filter {name} (priority {priority}{program})").replace("  ", " ")
    }
}

/// In the order they run. Empty where there is no clsact.
pub(crate) fn list(index: u32, direction: Direction) -> io::Result<Vec<Filter>> {
    let minor = match direction {
        Direction::Ingress => 2,
        Direction::Egress => 3,
    };
    let filters = match netlink::dump(RTM_GETTFILTER, &request(index, 0, CLSACT_HANDLE | 0xfff0 | minor)) {
        // The interface is gone, or never had such a qdisc.
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::EINVAL | libc::ENOENT)) => {
            return Ok(Vec::new());
        }
        filters => filters?,
    };
    Ok(filters.iter().filter_map(|message| read(message)).collect())
}

pub(super) fn request(index: u32, handle: u32, parent: u32) -> Vec<u8> {
    let mut body = vec![0; 4];
    for field in [index, handle, parent, 0] {
        body.extend(field.to_ne_bytes());
    }
    body
}

/// Takes our filters off every interface of this thread's namespace, as an agent that was killed leaves them where it
/// had to use clsact. Says what there was.
pub(crate) fn remove_ours() -> io::Result<Vec<String>> {
    let mut removed = Vec::new();
    for interface in interface::list()? {
        for (direction, attach_type) in
            [(Direction::Ingress, TcAttachType::Ingress), (Direction::Egress, TcAttachType::Egress)]
        {
            let ours = list(interface.index, direction)?;
            for filter in ours.into_iter().filter(|filter| filter.name.starts_with(OURS)) {
                tc::qdisc_detach_program(&interface.name, attach_type, &filter.name)
                    .map_err(|error| io::Error::other(explain(&error)))?;
                removed.push(format!("clsact filter {} on {}", filter.name, interface.name));
            }
        }
    }
    Ok(removed)
}

fn read(message: &[u8]) -> Option<Filter> {
    const TCA_KIND: u16 = 1;
    const TCA_OPTIONS: u16 = 2;
    const TCA_CHAIN: u16 = 11;
    const TCA_BPF_NAME: u16 = 7;
    const TCA_BPF_ID: u16 = 11;
    /// The kernel announces each priority with an entry that is no filter yet.
    const NO_FILTER: u32 = 0;
    if netlink::u32_at(message, 8)? == NO_FILTER {
        return None;
    }
    let priority = u16::try_from(netlink::u32_at(message, 16)? >> 16).ok()?;
    let mut filter = Filter { priority, kind: String::new(), name: String::new(), program: None };
    for (kind, value) in netlink::attributes(message, TCMSG) {
        match kind {
            TCA_KIND => filter.kind = netlink::text(value),
            // Packets get into other chains by an action of the first alone.
            TCA_CHAIN if netlink::u32_at(value, 0) != Some(0) => return None,
            TCA_OPTIONS => {
                for (kind, value) in netlink::attributes(value, 0) {
                    match kind {
                        TCA_BPF_NAME => filter.name = netlink::text(value),
                        TCA_BPF_ID => filter.program = netlink::u32_at(value, 0),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    // TCA_BPF_NAME means something else to other kinds.
    if filter.kind != "bpf" {
        (filter.name, filter.program) = (String::new(), None);
    }
    Some(filter)
}
