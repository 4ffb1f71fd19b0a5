use std::path::Path;

use super::{EnforceError, cut, nftables, xdp};

/// Takes away everything that any agent left in the kernel: XDP links and maps pinned below `pin_dir`, the
/// nftables table, and filters that cut connections. Says what there was.
pub fn detach(pin_dir: &Path) -> Result<Vec<String>, EnforceError> {
    let mut removed = xdp::detach(pin_dir)?;
    removed.extend(nftables::detach()?);
    removed.extend(cut::detach()?);
    Ok(removed)
}
