//! Network namespaces (network_namespaces(7)), known by the inode of their file.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    thread,
};

use nix::sched::{CloneFlags, setns};

use super::Lack;

/// That of the calling thread.
pub(crate) fn current() -> Result<u64, Lack> {
    fs_err::metadata("/proc/thread-self/ns/net")
        .as_ref()
        .map(Metadata::ino)
        .map_err(|error| Lack::new(error.to_string(), "mount procfs: mount -t proc proc /proc"))
}

/// The way into a namespace, where `ip netns` has named it or a process or thread that we may look at is in it.
pub(crate) fn find(inode: u64) -> Option<File> {
    let named = entries("/run/netns");
    let of_processes = entries("/proc").filter(|path| is_number(path)).flat_map(|process| {
        let threads = entries(process.join("task")).map(|thread| thread.join("ns/net"));
        std::iter::once(process.join("ns/net")).chain(threads.collect::<Vec<_>>())
    });
    named.chain(of_processes).find_map(|path| {
        let file = File::open(path).ok()?;
        (file.metadata().ok()?.ino() == inode).then_some(file)
    })
}

/// Does something in that namespace, on a thread of its own.
pub(crate) fn inside<T: Send>(namespace: &File, errand: impl FnOnce() -> T + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let done = scope.spawn(|| {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            Ok(errand())
        });
        done.join().unwrap_or_else(|_| Err(io::Error::other("the thread in that namespace failed")))
    })
}

fn entries(folder: impl AsRef<Path>) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn is_number(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_namespace_is_found_and_entered() {
        let own = current().unwrap();
        let file = find(own).unwrap();
        // Without the right to enter even one's own there is nothing more to see.
        match inside(&file, current) {
            Ok(entered) => assert_eq!(entered, Ok(own)),
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        }
    }
}
