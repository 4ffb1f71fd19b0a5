use std::{collections::BTreeMap, path::Path};

use super::{EnforceError, nftables, xdp};
use crate::kernel::{
    Lack, clsact, filters, namespace,
    traces::{self, Trace},
};

/// Takes away everything that agents with this `pin_dir` left in the kernel, in every network namespace that they were
/// in and that can be reached: XDP links and maps, nftables tables, clsact filters, and the clsact qdiscs they made
/// where nobody else uses them. Says what there was.
pub fn detach(pin_dir: &Path) -> Result<Vec<String>, EnforceError> {
    // Links are taken off from here, wherever their interface is.
    let mut removed = xdp::detach(pin_dir)?;
    let mut namespaces: BTreeMap<u64, Vec<Trace>> = BTreeMap::new();
    for (inode, trace) in traces::all(pin_dir) {
        namespaces.entry(inode).or_default().push(trace);
    }
    let here = namespace::current().map_err(lack)?;
    removed.extend(clear(&namespaces.remove(&here).unwrap_or_default())?);
    for (inode, traces) in namespaces {
        let Some(found) = namespace::find(inode) else {
            // Nobody is in it and it has no name: what was in it went with it, unless a file holds it that is hidden
            // from us.
            tracing::warn!(namespace = inode, "cannot be reached any more; most likely it is gone");
            continue;
        };
        let cleared = namespace::inside(&found, || clear(&traces)).map_err(|error| {
            lack(Lack::new(
                format!("network namespace {inode}: {error}"),
                "run it as root, outside of containers",
            ))
        })?;
        removed.extend(cleared?.into_iter().map(|what| format!("{what} (network namespace {inode})")));
    }
    traces::clear(pin_dir).map_err(lack)?;
    Ok(removed)
}

/// What is in this thread's namespace.
fn clear(traces: &[Trace]) -> Result<Vec<String>, EnforceError> {
    let failed = |error: std::io::Error| {
        lack(Lack::new(error.to_string(), "see `tc filter show` and `tc qdisc show`, and run it as root"))
    };
    let mut removed = nftables::detach()?;
    removed.extend(filters::remove_ours().map_err(failed)?);
    for trace in traces {
        if let Trace::Clsact(index) = trace
            && clsact::remove_if_unused(*index).map_err(failed)?
        {
            removed.push(format!("clsact qdisc on interface number {index}"));
        }
    }
    Ok(removed)
}

fn lack(lack: Lack) -> EnforceError {
    EnforceError::lack("detaching", lack)
}
