use std::path::Path;

use super::{EnforceError, nftables, xdp};

/// Takes away everything that any agent left in the kernel: XDP links and maps pinned below `pin_dir`, and the
/// nftables table. Says what there was.
pub fn detach(pin_dir: &Path) -> Result<Vec<String>, EnforceError> {
    let mut removed = xdp::detach(pin_dir)?;
    removed.extend(nftables::detach()?);
    Ok(removed)
}
