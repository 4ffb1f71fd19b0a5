use aya::programs::tc::{self, TcError};

use super::explain;

/// Makes room for filters in both directions, where there is none: whoever else made it needs it as much.
pub(crate) fn prepare(interface: &str) -> Result<(), String> {
    match tc::qdisc_add_clsact(interface) {
        Err(TcError::AlreadyAttached) => Ok(()),
        Err(TcError::NetlinkError(error)) if error.raw_os_error() == Some(libc::EEXIST) => Ok(()),
        added => added.map_err(|error| explain(&error)),
    }
}
