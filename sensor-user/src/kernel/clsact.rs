//! The qdisc that filters hang from before Linux 6.6. Whoever comes first makes it, and all share it.

use std::{io, path::Path};

use aya::programs::tc::{self, TcError};

use super::{
    explain,
    filters::{self, Direction},
    interface::Interface,
    netlink,
    traces::{self, Trace},
};

const RTM_DELQDISC: u16 = 37;
const RTM_GETQDISC: u16 = 38;
const TC_H_CLSACT: u32 = 0xffff_fff1;
const HANDLE: u32 = 0xffff_0000;

/// Makes room for filters in both directions, where there is none: whoever else made it needs it as much. That it had to
/// be made is noted down below `pin_dir`, so that it goes again on detach.
pub(crate) fn prepare(interface: &Interface, pin_dir: Option<&Path>) -> Result<(), String> {
    match tc::qdisc_add_clsact(&interface.name) {
        Ok(()) => {}
        Err(TcError::AlreadyAttached) => return Ok(()),
        Err(TcError::NetlinkError(error)) if error.raw_os_error() == Some(libc::EEXIST) => return Ok(()),
        Err(error) => return Err(explain(&error)),
    }
    if let Some(pin_dir) = pin_dir
        && let Err(lack) = traces::keep(pin_dir, Trace::Clsact(interface.index))
    {
        let interface = interface.name.as_str();
        tracing::warn!(why = lack.what, interface, "`sensor detach` will leave its clsact qdisc");
    }
    Ok(())
}

/// Takes it away, unless a filter hangs from it: whoever put that there counts on it. Whether it went.
pub(crate) fn remove_if_unused(index: u32) -> io::Result<bool> {
    for direction in [Direction::Ingress, Direction::Egress] {
        if !filters::list(index, direction)?.is_empty() {
            return Ok(false);
        }
    }
    if !is_there(index)? {
        return Ok(false);
    }
    netlink::get(RTM_DELQDISC, &filters::request(index, HANDLE, TC_H_CLSACT)).map(|_| true)
}

fn is_there(index: u32) -> io::Result<bool> {
    const TCA_KIND: u16 = 1;
    let is_clsact = |message: &Vec<u8>| {
        netlink::u32_at(message, 4) == Some(index)
            && netlink::attributes(message, filters::TCMSG)
                .any(|(kind, value)| kind == TCA_KIND && netlink::text(value) == "clsact")
    };
    match netlink::dump(RTM_GETQDISC, &filters::request(index, 0, 0)) {
        Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(false),
        qdiscs => Ok(qdiscs?.iter().any(is_clsact)),
    }
}
