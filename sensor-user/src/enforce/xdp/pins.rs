//! Where the gate outlives its agent:
//!
//! ```text
//! <pin-dir>/gate-v2/BLOCK_V4, …               the maps, of one layout
//! <pin-dir>/links/<netns>-<ifindex>-<mode>    a link per interface
//! ```
//!
//! Links stand beside the layout and not in it: with a new layout they are pointed to the new program. Names hold no
//! dots, which bpffs keeps for itself, and so no interface names. The agent keeps no handle on a link: the pin alone
//! holds it, so that taking the pin away detaches, whoever is running.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use portcullis_sensor_common::gate::LAYOUT;

use crate::{
    enforce::EnforceError,
    kernel::{Lack, bpffs, link, namespace},
};

const LINKS: &str = "links";
const MAPS_PREFIX: &str = "gate-v";

pub(super) struct Pins {
    folder: PathBuf,
    namespace: u64,
}

/// The pinned link of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkPin {
    pub(super) path: PathBuf,
    pub(super) interface: u32,
    /// `native`, `tcx` or `generic`.
    pub(super) mode: &'static str,
}

impl Pins {
    pub(super) fn prepare(folder: &Path) -> Result<Self, Lack> {
        let pins = Self { folder: folder.to_owned(), namespace: namespace::current()? };
        pins.restore()?;
        Ok(pins)
    }

    /// Makes the folders again that somebody took away.
    pub(super) fn restore(&self) -> Result<(), Lack> {
        bpffs::prepare(&self.maps())?;
        bpffs::prepare(&self.folder.join(LINKS))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn map(&self, name: &str) -> PathBuf {
        self.maps().join(name)
    }

    pub(super) fn link(&self, interface: u32, mode: &'static str) -> LinkPin {
        let name = format!("{}-{interface}-{mode}", self.namespace);
        LinkPin { path: self.folder.join(LINKS).join(name), interface, mode }
    }

    /// The links of this network namespace.
    pub(super) fn links(&self) -> io::Result<Vec<LinkPin>> {
        let mut links = Vec::new();
        for path in children(&self.folder.join(LINKS))? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut parts = name.split('-');
            let (namespace, interface, mode) = (parts.next(), parts.next(), parts.next());
            let mode = match mode {
                Some("native") => "native",
                Some("generic") => "generic",
                Some("tcx") => "tcx",
                _ => continue,
            };
            if namespace.and_then(|part| part.parse().ok()) == Some(self.namespace)
                && let Some(interface) = interface.and_then(|part| part.parse().ok())
            {
                links.push(LinkPin { path, interface, mode });
            }
        }
        Ok(links)
    }

    /// Indexes of this network namespace's interfaces that have a link.
    pub(super) fn interfaces(&self) -> Result<BTreeSet<u32>, EnforceError> {
        let links = self.links().map_err(|error| self.failed(&error))?;
        Ok(links.into_iter().map(|link| link.interface).collect())
    }

    /// Takes everything away, unless a link still needs it.
    pub(super) fn clear_if_unused(&self) -> Result<(), EnforceError> {
        match children(&self.folder.join(LINKS)) {
            Ok(links) if links.is_empty() => detach(&self.folder).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Where maps of other layouts are, with the numbers of these.
    pub(super) fn other_layouts(&self) -> Result<Vec<(u32, PathBuf)>, EnforceError> {
        let layout = |path: PathBuf| {
            let number = path.file_name()?.to_str()?.strip_prefix(MAPS_PREFIX)?.parse().ok()?;
            (number != LAYOUT).then_some((number, path))
        };
        let all = children(&self.folder).map_err(|error| self.failed(&error))?;
        Ok(all.into_iter().filter_map(layout).collect())
    }

    pub(super) fn failed(&self, error: &io::Error) -> EnforceError {
        let next_step = format!("look at {}", self.folder.display());
        EnforceError::lack("XDP gate", Lack::new(error.to_string(), next_step))
    }

    fn maps(&self) -> PathBuf {
        self.folder.join(format!("{MAPS_PREFIX}{LAYOUT}"))
    }
}

/// Whether an agent left maps there, of whatever layout.
pub(super) fn hold_maps(folder: &Path) -> bool {
    let children = children(folder).unwrap_or_default();
    let names = children.iter().filter_map(|path| path.file_name());
    bpffs::is_bpffs(folder) && names.into_iter().any(|name| name.to_string_lossy().starts_with(MAPS_PREFIX))
}

/// Takes away every pin below `folder` and the folder itself. Links first: their programs hold the maps.
pub(in crate::enforce) fn detach(folder: &Path) -> Result<Vec<String>, EnforceError> {
    // Of bpffs alone: whatever else this path may lead to is not ours to delete.
    if !folder.exists() || !bpffs::is_bpffs(folder) {
        return Ok(Vec::new());
    }
    let failed = |error: io::Error| {
        let next_step = format!("look at {}, and run it as root", folder.display());
        EnforceError::lack("XDP gate", Lack::new(error.to_string(), next_step))
    };
    let mut removed = Vec::new();
    let links = folder.join(LINKS);
    for pin in children(&links).map_err(failed)? {
        link::detach_pinned(&pin).map_err(failed)?;
        removed.push(format!("XDP link {}", pin.display()));
    }
    if links.exists() {
        fs_err::remove_dir(&links).map_err(failed)?;
    }
    for path in children(folder).map_err(failed)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(MAPS_PREFIX) {
            fs_err::remove_dir_all(&path).map_err(failed)?;
            removed.push(format!("maps {}", path.display()));
        }
    }
    if children(folder).map_err(failed)?.is_empty() {
        fs_err::remove_dir(folder).map_err(failed)?;
    }
    Ok(removed)
}

fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    fs_err::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect()
}
